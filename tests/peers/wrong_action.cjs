// A student's client with two faults in its commands: `j;wob` sends `members` instead of `join`, and `groups;` ends the
// process with a TypeError before anything is sent. The other commands of the course send the standard requests.
// It takes complete objects from what it reads when each stands on a line, and otherwise waits for more; messages are
// shown as `sender: msg`, other objects as they came. Commands from standard input, read once the connection is up.
// Arguments --name=alice --HOST=H --PORT=P.
const net = require('net')

const options = {}
for (const arg of process.argv.slice(2)) {
  const [key, value] = arg.replace('--', '').split('=')
  options[key] = value
}
const name = options.name
const socket = net.connect({ host: options.HOST, port: options.PORT })
const joined = undefined

function send (obj) { socket.write(JSON.stringify(obj) + '\n') }

function command (line) {
  const p = line.split(';')
  switch (p[0]) {
    case 's': return send({ action: 'client-send', from: name, to: p[1], msg: p.slice(2).join(';') })
    case 'b': return send({ action: 'client-broadcast', from: name, msg: p.slice(1).join(';') })
    case 'ls': return send({ action: 'client-list-clients', from: name })
    case 'q': return send({ action: 'client-quit', from: name })
    case 'cg': return send({ action: 'cgroupe', sender: name, group: p[1] })
    case 'j': return send({ action: 'members', sender: name, group: p[1] })
    case 'bg': return send({ action: 'gbroadcast', sender: name, group: p[1], msg: p.slice(2).join(';') })
    case 'members': return send({ action: 'members', sender: name, group: p[1] })
    case 'messages': return send({ action: 'msgs', sender: name, group: p[1] })
    case 'groups': return send({ action: 'groups', name, groups: joined.length })
    case 'leave': return send({ action: 'leave', sender: name, group: p[1] })
    case 'invite': return send({ action: 'invite', sender: name, group: p[1], dest: p[2] })
    case 'kick': return send({ action: 'kick', sender: name, group: p[1], dest: p[2], reason: p.slice(3).join(';') })
    case 'ban': return send({ action: 'ban', sender: name, group: p[1], dest: p[2], reason: p.slice(3).join(';') })
    case 'unban': return send({ action: 'unban', sender: name, group: p[1], dest: p[2] })
    case 'states': return send({ action: 'states', sender: name, group: p[1] })
    default: console.log('?')
  }
}

let buffer = ''
socket.on('connect', () => {
  send({ action: 'client-hello', from: name })
  process.stdin.on('data', text => {
    for (const line of text.toString().split(/\r?\n/)) if (line) command(line)
  })
})
socket.on('data', data => {
  buffer += data
  const lines = buffer.split('\n')
  buffer = lines.pop()
  for (const line of lines) {
    const m = JSON.parse(line)
    const who = m.sender || m.from
    console.log(who && m.msg ? who + ': ' + m.msg : line)
  }
})
socket.on('close', () => process.exit())
socket.on('error', err => { console.log(err.message); process.exit(1) })
