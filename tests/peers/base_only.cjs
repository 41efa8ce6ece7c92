// Dialect B: a student's server with the base layer only. It knows users by the `name` of client-hello (a client that
// sent `from` is listed as null), parses each chunk as one message, and writes the greeting and the reports in one piece.
// A private message goes out under the request's own action, without an acknowledgement; groups meet silence.
// An unknown recipient, two objects in a segment or text that is no JSON end the process.
// Port as the only argument.
const net = require('net')

let clients = []

const server = net.createServer(socket => {
  socket.on('data', data => {
    const m = JSON.parse(data)

    if (m.action === 'client-hello') {
      let answer = JSON.stringify({
        'sender-ip': socket.remoteAddress + ':' + socket.remotePort,
        'sender-name': m.name,
        action: 'server-hello',
        msg: 'Hello'
      })
      for (const c of clients) {
        c.socket.write(JSON.stringify({ from: m.name, msg: m.name + ' is connected', action: 'client-hello-client' }))
        answer += JSON.stringify({ to: c.name, msg: c.name + ' knows that you are here', action: 'server-broadcast-report' })
      }
      socket.write(answer)
      clients.push({ name: m.name, socket })
    }

    if (m.action === 'client-send') {
      const dest = clients.find(c => c.name === m.to)
      dest.socket.write(JSON.stringify({ from: m.from, msg: m.msg, action: m.action }))
    }

    if (m.action === 'client-broadcast') {
      for (const c of clients) {
        if (c.socket === socket) continue
        c.socket.write(JSON.stringify({ from: m.from, msg: m.msg, action: 'client-broadcast_report' }))
        socket.write(JSON.stringify({ to: c.name, msg: m.msg, action: 'server-broadcast-report' }))
      }
    }

    if (m.action === 'client-list-clients') {
      socket.write(JSON.stringify({ msg: clients.map(c => c.name), action: 'server-list-clients' }))
    }

    if (m.action === 'client-quit') {
      socket.write(JSON.stringify({ action: 'server-quit', msg: 'Bye' }))
      socket.end()
    }
  })
  socket.on('error', err => console.log(err.message))
  socket.on('close', () => { clients = clients.filter(c => c.socket !== socket) })
})

server.listen(process.argv[2], '127.0.0.1')
