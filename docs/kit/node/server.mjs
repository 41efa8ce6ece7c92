// A tchat server of the level base: node server.mjs PORT
import net from 'node:net'
import { framing } from './framing.mjs'
import { arrive, isId, leave, online, refusal } from './hello.mjs'

const me = request => [request.from]
const everyone = () => [...online.keys()]
const ts = () => new Date().toISOString()

// Each request: the fields it must have, who gets the answer, and what the answer holds. The groups go here next.
const requests = {
  'client-hello': [['from'], me, r => ({ from: r.from, msg: `Welcome, ${r.from}.`, version: '1.0', features: [] })],
  'client-send': [['from', 'to', 'msg'], r => [r.from, r.to], r => ({ from: r.from, to: r.to, msg: r.msg, ts: ts() })],
  'client-broadcast': [['from', 'msg'], everyone, r => ({ from: r.from, msg: r.msg, ts: ts() })],
  'client-list-clients': [['from'], me, () => ({ clients: everyone() })],
  'client-quit': [['from'], me, r => ({ from: r.from })],
  'client-error': [[]]
}

function handle (connection, request) {
  const refuse = refused => connection.send({ action: 'server-error', ...refused, ...echo(request) })
  if (request === undefined) return refuse({ code: 'bad-json', msg: 'This is not JSON.' })
  const [fields, concerned, content] = Object.hasOwn(requests, request.action) ? requests[request.action] : []
  const refused = refusal(request, fields, connection)
  if (refused) return refuse(refused)
  if (request.action === 'client-error') return connection.end()
  arrive(connection, request.from)
  if (fields.includes('to') && !online.has(request.to)) return refuse({ code: 'unknown-user', msg: `${request.to} is not here.` })
  const answer = { action: request.action.replace('client-', 'server-'), ...content(request) }
  for (const name of new Set(concerned(request))) {
    online.get(name).send(name === request.from ? { ...answer, id: request.id } : answer)
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
