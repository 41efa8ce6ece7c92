// Dialect C: a student's server with the base layer only, every message in an envelope, either way:
// {"messageFormat": the course's object, "comment": a sentence, "type": "Client request" or "Serveur response"}.
// Answers are pretty-printed; presence is {"notification", "type": "Notification"}; the outcome of client-send stands in
// the comment alone. A message without the envelope, or a chunk that is not one JSON text, ends the process.
// Port as the only argument.
const net = require('net')

const users = new Map()

function reply (socket, messageFormat, comment) {
  socket.write(JSON.stringify({ messageFormat, comment, type: 'Serveur response' }, null, 2))
}

function notifyOthers (name, notification) {
  users.forEach((socket, other) => {
    if (other !== name) socket.write(JSON.stringify({ notification, type: 'Notification' }, null, 2))
  })
}

const server = net.createServer(socket => {
  let name

  socket.on('data', data => {
    const { messageFormat: request } = JSON.parse(data.toString())

    switch (request.action) {
      case 'client-hello':
        name = request.from
        users.set(name, socket)
        reply(socket, { action: 'server-hello', msg: 'Hello ' + name }, name + ' is connected to the server')
        notifyOthers(name, name + ' is connected')
        break

      case 'client-send': {
        const dest = users.get(request.to)
        const answer = { from: request.from, to: request.to, msg: request.msg, action: 'server-private' }
        if (dest) {
          reply(dest, answer, 'private message from ' + request.from)
          reply(socket, answer, 'sent to ' + request.to)
        } else {
          reply(socket, answer, 'not sent because ' + request.to + ' is not connected')
        }
        break
      }

      case 'client-broadcast':
        users.forEach((other, n) => {
          if (n !== request.from) {
            reply(other, { from: request.from, msg: request.msg, action: 'server-broadcast' }, 'message for everybody')
          }
        })
        break

      case 'client-list-clients':
        reply(socket, { action: 'server-list-clients', list: [...users.keys()] }, 'the connected clients')
        break

      case 'client-quit':
        reply(socket, { action: 'server-quit' }, 'see you soon')
        socket.end()
        break
    }
  })

  socket.on('error', () => {})
  socket.on('close', () => {
    if (users.get(name) !== socket) return
    users.delete(name)
    notifyOthers(name, name + ' is disconnected')
  })
})

server.listen(Number(process.argv[2]), '127.0.0.1')
