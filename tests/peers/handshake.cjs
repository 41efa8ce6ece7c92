// A student's server that wants a key exchange first: on connect it sends {"action":"server-key","key":hex}, an ECDH key
// on secp256k1, and answers nothing at all until it gets {"action":"client-key","key":hex} (then: server-ready). From
// then on the text in `msg`, either way, is AES-256-CBC under the SHA-256 of the shared secret, as hex: the IV, then the
// cipher text.
// Base layer only, one message a chunk; a bad key or text that is no JSON closes the connection.
// Port as the only argument.
const crypto = require('crypto')
const net = require('net')

const clients = {}

function encrypt (key, text) {
  const iv = crypto.randomBytes(16)
  const cipher = crypto.createCipheriv('aes-256-cbc', key, iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('hex')
}

function decrypt (key, hex) {
  const bytes = Buffer.from(hex, 'hex')
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, bytes.subarray(0, 16))
  return decipher.update(bytes.subarray(16), undefined, 'utf8') + decipher.final('utf8')
}

function send (socket, message) {
  if (message.msg) message.msg = encrypt(socket.key, message.msg)
  socket.write(JSON.stringify(message))
}

function onMessage (socket, m) {
  switch (m.action) {
    case 'client-hello':
      socket.name = m.from
      clients[m.from] = socket
      send(socket, { from: m.from, action: 'server-hello', msg: 'Hello ' + m.from })
      break
    case 'client-send':
      if (clients[m.to]) send(clients[m.to], { from: m.from, to: m.to, action: 'server-send', msg: decrypt(socket.key, m.msg) })
      else send(socket, { action: 'error', msg: m.to + ' is not connected' })
      break
    case 'client-broadcast': {
      const text = decrypt(socket.key, m.msg)
      for (const name in clients) if (name !== m.from) send(clients[name], { from: m.from, action: 'server-broadcast', msg: text })
      break
    }
    case 'client-list-clients':
      send(socket, { action: 'server-list-clients', clients: Object.keys(clients) })
      break
    case 'client-quit':
      send(socket, { action: 'server-quit', from: m.from })
      socket.end()
      break
  }
}

net.createServer(socket => {
  const ecdh = crypto.createECDH('secp256k1')
  socket.write(JSON.stringify({ action: 'server-key', key: ecdh.generateKeys('hex') }))

  socket.on('data', data => {
    try {
      const m = JSON.parse(data)
      if (socket.key) onMessage(socket, m)
      else if (m.action === 'client-key') {
        socket.key = crypto.createHash('sha256').update(ecdh.computeSecret(m.key, 'hex')).digest()
        send(socket, { action: 'server-ready' })
      }
    } catch (e) {
      console.log('closing', socket.name, e.message)
      socket.destroy()
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => { if (clients[socket.name] === socket) delete clients[socket.name] })
}).listen(Number(process.argv[2]), '127.0.0.1')
