// A student's server that talks before it is asked: each connection gets a JSON welcome with an action of its own, and
// then a line of text that is no JSON. After that the base layer with mostly standard names: hello by `from`, presence
// as a server-broadcast sentence, client-send to the recipient alone, broadcast to the others, list under `clients`.
// A chunk that is not one JSON object gets another line of text; groups and unknown actions meet silence.
// Port as the only argument.
const net = require('net')

const clients = new Map()

function json (socket, message) { socket.write(JSON.stringify(message)) }
function others (socket, message) {
  for (const s of clients.values()) if (s !== socket) json(s, message)
}

net.createServer(socket => {
  let name = null
  json(socket, { action: 'server-welcome', msg: 'Bienvenue sur le chat de la classe !' })
  socket.write('\n*** Dites bonjour avec client-hello ***\n')

  socket.on('data', data => {
    let m
    try { m = JSON.parse(data) } catch (e) { socket.write('*** je ne comprends pas ***\n'); return }
    if (m === null) return
    if (m.action === 'client-hello') {
      name = m.from
      clients.set(name, socket)
      json(socket, { action: 'server-hello', msg: 'Bonjour ' + name })
      others(socket, { action: 'server-broadcast', from: 'server', msg: name + ' est arrive' })
    } else if (m.action === 'client-send') {
      if (clients.has(m.to)) json(clients.get(m.to), { action: 'server-send', from: m.from, msg: m.msg })
      else json(socket, { action: 'server-error', msg: m.to + ' est inconnu' })
    } else if (m.action === 'client-broadcast') {
      others(socket, { action: 'server-broadcast', from: m.from, msg: m.msg })
    } else if (m.action === 'client-list-clients') {
      json(socket, { action: 'server-list-clients', clients: Array.from(clients.keys()) })
    } else if (m.action === 'client-quit') {
      json(socket, { action: 'server-quit' })
      socket.end()
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (clients.get(name) === socket) {
      clients.delete(name)
      others(socket, { action: 'server-broadcast', from: 'server', msg: name + ' est parti' })
    }
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
