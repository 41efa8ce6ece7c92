// A student's server with the standard names of the base layer and nothing else, that thinks about each request for 150
// to 300 ms, one after the other for each connection, and leaves 10 ms between two messages to the same client.
// No `code`, `id` or `ts`, no line feed, hello must come first; it cuts what it reads at `}{` and at line feeds, so that
// pretty-printed JSON is not understood. Text that is no JSON, groups and unknown actions are answered with an error.
// PORT in the environment.
const net = require('net')

const online = new Map()

function nextRequest (socket) {
  if (socket.busy || socket.requests.length === 0) return
  socket.busy = true
  const text = socket.requests.shift()
  setTimeout(() => {
    handle(socket, text)
    socket.busy = false
    nextRequest(socket)
  }, 150 + Math.random() * 150)
}

function send (socket, message) {
  socket.outbox = socket.outbox.then(() => new Promise(resolve => {
    if (!socket.destroyed) socket.write(JSON.stringify(message))
    setTimeout(resolve, 10)
  }))
}

function handle (socket, line) {
  let m
  try { m = JSON.parse(line) } catch (e) { return send(socket, { action: 'server-error', msg: 'not JSON' }) }
  if (m === null || typeof m.action !== 'string') return send(socket, { action: 'server-error', msg: 'no action' })
  if (m.action === 'client-hello') {
    socket.user = m.from
    online.set(m.from, socket)
    send(socket, { action: 'server-hello', from: m.from, msg: 'Hello ' + m.from })
    online.forEach((s, n) => { if (n !== m.from) send(s, { action: 'server-presence', from: m.from, online: true }) })
  } else if (!socket.user) {
    send(socket, { action: 'server-error', request: m.action, msg: 'say hello first' })
  } else if (m.action === 'client-send') {
    const dest = online.get(m.to)
    if (!dest) return send(socket, { action: 'server-error', request: m.action, msg: m.to + ' is not connected' })
    for (const s of new Set([dest, socket])) send(s, { action: 'server-send', from: m.from, to: m.to, msg: m.msg })
  } else if (m.action === 'client-broadcast') {
    online.forEach(s => send(s, { action: 'server-broadcast', from: m.from, msg: m.msg }))
  } else if (m.action === 'client-list-clients') {
    send(socket, { action: 'server-list-clients', clients: [...online.keys()] })
  } else if (m.action === 'client-quit') {
    send(socket, { action: 'server-quit', from: m.from })
    socket.outbox.then(() => socket.end())
  } else {
    send(socket, { action: 'server-error', request: m.action, msg: 'unknown action' })
  }
}

net.createServer(socket => {
  let buffer = ''
  socket.requests = []
  socket.outbox = Promise.resolve()
  socket.setEncoding('utf8')
  socket.on('data', text => {
    const parts = (buffer + text).replace(/}\s*{/g, '}\n{').split('\n')
    buffer = parts.pop()
    if (buffer.endsWith('}')) { parts.push(buffer); buffer = '' }
    for (const part of parts) if (part.trim()) socket.requests.push(part)
    nextRequest(socket)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (online.get(socket.user) !== socket) return
    online.delete(socket.user)
    online.forEach(s => send(s, { action: 'server-presence', from: socket.user, online: false }))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
