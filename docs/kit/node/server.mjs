// A tchat server of the level base: node server.mjs PORT
import net from 'node:net'
import { framing } from './framing.mjs'
import { arrive, isId, leave, online, refusal } from './hello.mjs'

const requester = (request, me) => [me]
const everyone = () => [...online.keys()]
const ts = () => new Date().toISOString()

// Each request: the fields it must have, who gets the answer, what stands in it, and which code refuses it if one does.
const requests = {
  'client-hello': [['from'], requester, r => ({ from: r.from, msg: `Welcome, ${r.from}.`, version: '1.0', features: [] })],
  'client-send': [['from', 'to', 'msg'], r => [r.from, r.to], r => ({ from: r.from, to: r.to, msg: r.msg, ts: ts() }),
    r => !online.has(r.to) && 'unknown-user'],
  'client-broadcast': [['from', 'msg'], everyone, r => ({ from: r.from, msg: r.msg, ts: ts() })],
  'client-list-clients': [['from'], requester, () => ({ clients: everyone() })],
  'client-quit': [['from'], requester, r => ({ from: r.from })],
  'client-error': [[]]
}

function handle (connection, request) {
  const refuse = why => connection.send({ action: 'server-error', ...why, ...echo(request) })
  if (request === undefined) return refuse({ code: 'bad-json', msg: 'This is not JSON.' })
  const [fields, concerned, content, code] = Object.hasOwn(requests, request.action) ? requests[request.action] : []
  const why = refusal(request, fields, connection)
  if (why) return refuse(why)
  if (request.action === 'client-error') return connection.end()
  arrive(connection, request[fields[0]])
  const refused = code?.(request)
  if (refused) return refuse({ code: refused, msg: `Refused: ${refused}.` })
  const answer = { action: 'server-' + request.action.replace('client-', ''), ...content(request) }
  for (const name of new Set(concerned(request, connection.name))) {
    online.get(name)?.send(name === connection.name ? { ...answer, id: request.id } : answer)
  }
  if (request.action === 'client-quit') connection.end()
}

// E-ECHO-1 and W-ID-1: what a refusal repeats of its request, as far as it has a form that can be repeated.
function echo ({ action, id } = {}) {
  const request = typeof action === 'string' && [...action].length <= 64 ? action : undefined
  return { request, id: isId(id) ? id : undefined }
}

net.createServer(socket => {
  const connection = {
    send: message => socket.write(JSON.stringify(message) + '\n'),
    end: () => { leave(connection); socket.end() }
  }
  socket.setNoDelay(true)
  socket.on('data', framing(request => connection.gone || handle(connection, request)))
  socket.on('error', () => {}) // 'close' comes after it
  socket.on('close', () => leave(connection))
}).listen(process.argv[2], '127.0.0.1')
