// A student's client with the course's commands (s; b; ls; q; cg; j; bg; members; messages; groups; leave; invite; kick;
// ban; unban; states;) read line by line from standard input, the standard requests, and the answers in colours.
// It writes no line feed and takes each chunk for one message: two in one, or text that is no JSON, end the process.
// Of messages that it does not know it shows `msg`, or the whole object. Private groups: cg;wob;private.
// Arguments --name alice --host H --port P.
const net = require('net')
const readline = require('readline')

const args = process.argv.slice(2)
function option (name, value) {
  const i = args.indexOf('--' + name)
  return i < 0 ? value : args[i + 1]
}
const me = option('name', 'anonymous')

const GREEN = '\x1b[32m'
const RED = '\x1b[31m'
const CYAN = '\x1b[36m'
const RESET = '\x1b[0m'

const socket = net.connect(option('port', 8080), option('host', '127.0.0.1'), () => {
  send({ action: 'client-hello', from: me })
})
function send (message) { socket.write(JSON.stringify(message)) }

socket.on('data', data => {
  const m = JSON.parse(data)
  if (m.action === 'server-error') console.log(RED + 'error: ' + m.msg + RESET)
  else if (m.action === 'server-send') console.log(CYAN + m.from + ' (private): ' + m.msg + RESET)
  else if (m.action === 'server-broadcast') console.log(GREEN + m.from + RESET + ': ' + m.msg)
  else if (m.action === 'server-gbroadcast') console.log(GREEN + m.sender + '@' + m.group + RESET + ': ' + m.msg)
  else if (m.action === 'server-kick' || m.action === 'server-ban') {
    console.log(RED + m.dest + ' was removed from ' + m.group + ': ' + m.reason + RESET)
  } else if (m.action === 'server-members') console.log(m.group + ': ' + m.members.join(', '))
  else if (m.action === 'server-list-clients') console.log('online: ' + m.clients.join(', '))
  else if (m.action === 'server-groups') for (const g of m.groups) console.log('group ' + g.group + ' (' + g.members + ')')
  else if (m.action === 'server-msgs') for (const x of m.messages) console.log(m.group + ' ' + x.sender + ': ' + x.msg)
  else if (m.msg) console.log(m.msg)
  else console.log(JSON.stringify(m))
})
socket.on('close', () => process.exit(0))
socket.on('error', err => {
  console.log(RED + err.message + RESET)
  process.exit(1)
})

const requests = {
  s: (to, ...msg) => ({ action: 'client-send', from: me, to, msg: msg.join(';') }),
  b: (...msg) => ({ action: 'client-broadcast', from: me, msg: msg.join(';') }),
  ls: () => ({ action: 'client-list-clients', from: me }),
  q: () => ({ action: 'client-quit', from: me }),
  cg: (group, kind) => kind === 'private' ? { action: 'cgroupe', sender: me, group, private: true } : { action: 'cgroupe', sender: me, group },
  j: group => ({ action: 'join', sender: me, group }),
  bg: (group, ...msg) => ({ action: 'gbroadcast', sender: me, group, msg: msg.join(';') }),
  members: group => ({ action: 'members', sender: me, group }),
  messages: group => ({ action: 'msgs', sender: me, group }),
  groups: () => ({ action: 'groups', name: me }),
  leave: group => ({ action: 'leave', sender: me, group }),
  invite: (group, dest) => ({ action: 'invite', sender: me, group, dest }),
  kick: (group, dest, ...reason) => ({ action: 'kick', sender: me, group, dest, reason: reason.join(';') }),
  ban: (group, dest, ...reason) => ({ action: 'ban', sender: me, group, dest, reason: reason.join(';') }),
  unban: (group, dest) => ({ action: 'unban', sender: me, group, dest }),
  states: group => ({ action: 'states', sender: me, group })
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  const [command, ...rest] = line.trim().split(';')
  if (requests[command]) send(requests[command](...rest))
  else console.log(RED + 'unknown command: ' + command + RESET)
})
