// A tchat client of the level base: node client.mjs HOST PORT NAME
import net from 'node:net'
import readline from 'node:readline'
import { framing } from './framing.mjs'

const [host, port, name] = process.argv.slice(2)
const socket = net.connect(port, host)
const send = message => socket.write(JSON.stringify(message) + '\n')

// Each command: the request that it makes of what stands between the semicolons. The other group requests go here.
const commands = {
  s: (to, ...msg) => ({ action: 'client-send', from: name, to, msg: msg.join(';') }),
  b: (...msg) => ({ action: 'client-broadcast', from: name, msg: msg.join(';') }),
  ls: () => ({ action: 'client-list-clients', from: name }),
  j: group => ({ action: 'join', sender: name, group }),
  q: () => ({ action: 'client-quit', from: name })
}

// Each answer: how it is shown. What is not here is shown as it came.
const shown = {
  __proto__: null,
  'server-hello': m => m.msg,
  'server-presence': m => `${m.from} ${m.online ? 'is here' : 'has gone'}`,
  'server-send': m => `${m.from} to ${m.to}: ${m.msg}`,
  'server-broadcast': m => `${m.from}: ${m.msg}`,
  'server-list-clients': m => `online: ${m.clients.join(', ')}`,
  'server-quit': () => 'Goodbye.',
  'server-error': m => `refused (${m.code}): ${m.msg}`
}

// What others write must not steer the terminal: C-CTRL-1.
const safe = text => text.replace(/[\p{Cc}\u2028\u2029]/gu, c => c === '\n' ? '\n  ' : '�')

function show (message) {
  let text = JSON.stringify(message)
  try { text = String(shown[message.action](message)) } catch {} // another action, or another form: C-ACTION-1, C-BAD-1
  console.log(safe(text))
}

socket.on('connect', () => send({ action: 'client-hello', from: name }))
socket.on('data', framing(message => message && show(message)))
socket.on('error', error => console.log(`No connection: ${error.message}`))
socket.on('close', () => process.exit())

readline.createInterface({ input: process.stdin }).on('line', line => {
  const [word, ...rest] = line.trim().split(';')
  if (Object.hasOwn(commands, word)) send(commands[word](...rest))
  else console.log(`Commands: ${Object.keys(commands).join('; ')};`)
}).on('close', () => send(commands.q()))
