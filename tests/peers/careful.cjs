// A careful student's server: it takes complete objects from a buffer (two in a segment, one in pieces, pretty-printed,
// text that is no JSON: all answered), uses the standard names for nearly everything, keeps users, groups, bans and
// history in a JSON file and enforces bans. But its errors have no `code`, no answer has `id`, `ts` or `seq`, nothing ends
// with a line feed, hello must come first, a name can be stolen, and an invitation adds the user at once.
// Port as the first argument, the JSON file as the second (without it nothing is kept).
const fs = require('fs')
const net = require('net')

const file = process.argv[3]
let state = { users: [], groups: {} }
if (file && fs.existsSync(file)) state = JSON.parse(fs.readFileSync(file, 'utf8'))
const groups = new Map(Object.entries(state.groups))
const online = new Map()

function save () {
  if (file) fs.writeFileSync(file, JSON.stringify({ users: state.users, groups: Object.fromEntries(groups) }))
}

function send (socket, message) { socket.write(JSON.stringify(message)) }
function sendAll (names, message) {
  for (const name of new Set(names)) if (online.has(name)) send(online.get(name), message)
}
function refuse (socket, request, msg) { send(socket, { action: 'server-error', request: request.action, msg }) }

// Returns what is complete: objects by their braces, outside strings, and other text by its line.
function takeComplete (socket) {
  const complete = []
  let depth = 0
  let inString = false
  let start = 0
  for (let i = 0; i < socket.buffer.length; i++) {
    const c = socket.buffer[i]
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
    } else if (c === '"' && depth > 0) inString = true
    else if (c === '{') depth++
    else if (c === '}' && depth > 0) {
      depth--
      if (depth === 0) {
        complete.push(socket.buffer.slice(start, i + 1))
        start = i + 1
      }
    } else if (c === '\n' && depth === 0) {
      complete.push(socket.buffer.slice(start, i))
      start = i + 1
    }
  }
  socket.buffer = socket.buffer.slice(start)
  return complete.filter(text => text.trim() !== '')
}

function hello (socket, m, user) {
  socket.user = user
  online.set(user, socket)
  if (!state.users.includes(user)) state.users.push(user)
  save()
  send(socket, { action: 'server-hello', from: user, msg: 'Welcome ' + user })
  sendAll([...online.keys()].filter(n => n !== user), { action: 'server-presence', from: user, online: true })
}

const base = {
  'client-send' (socket, m, user) {
    const to = m.to || m.dest
    if (!online.has(to)) return refuse(socket, m, to + ' is not connected')
    sendAll([user, to], { action: 'server-send', from: user, to, msg: m.msg })
  },
  'client-broadcast' (socket, m, user) {
    sendAll(online.keys(), { action: 'server-broadcast', from: user, msg: m.msg })
  },
  'client-list-clients' (socket) {
    send(socket, { action: 'server-list-clients', clients: [...online.keys()] })
  },
  'client-quit' (socket, m, user) {
    send(socket, { action: 'server-quit', from: user })
    socket.end()
  },
  groups (socket, m, user) {
    const seen = [...groups].filter(([, g]) => !g.private || g.members.includes(user))
    send(socket, {
      action: 'server-groups',
      groups: seen.map(([name, g]) => ({ group: name, private: g.private, owner: g.owner, members: g.members.length }))
    })
  },
  cgroupe (socket, m, user) {
    if (!m.group) return refuse(socket, m, 'group is missing')
    if (groups.has(m.group)) return refuse(socket, m, 'the group ' + m.group + ' exists already')
    const g = { private: m.private === true, owner: user, members: [user], banned: [], messages: [], events: [] }
    groups.set(m.group, g)
    g.events.push({ event: 'cgroupe', sender: user })
    save()
    send(socket, { action: 'server-cgroupe', sender: user, group: m.group, private: g.private })
  }
}

const inGroup = {
  join (socket, m, user, g) {
    if (g.members.includes(user)) return refuse(socket, m, 'you are a member already')
    if (g.private) return refuse(socket, m, 'the group is private, ask for an invitation')
    g.members.push(user)
    if (g.members.length === 1) g.owner = user
    event(g, m, user, g.members)
  },
  gbroadcast (socket, m, user, g) {
    if (!g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    g.messages.push({ sender: user, msg: m.msg })
    save()
    sendAll(g.members, { action: 'server-gbroadcast', sender: user, group: m.group, msg: m.msg })
  },
  members (socket, m, user, g) {
    if (g.private && !g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    send(socket, { action: 'server-members', group: m.group, private: g.private, owner: g.owner, members: g.members })
  },
  msgs (socket, m, user, g) {
    if (g.private && !g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    send(socket, { action: 'server-msgs', group: m.group, messages: g.messages })
  },
  states (socket, m, user, g) {
    if (g.private && !g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    send(socket, { action: 'server-states', group: m.group, events: g.events })
  },
  leave (socket, m, user, g) {
    if (!g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    g.members = g.members.filter(n => n !== user)
    if (g.owner === user) g.owner = g.members[0] || null
    event(g, m, user, g.members.concat(user))
  },
  invite (socket, m, user, g) {
    if (!g.members.includes(user)) return refuse(socket, m, 'you are not a member')
    if (!state.users.includes(m.dest)) return refuse(socket, m, 'there is no user ' + m.dest)
    if (g.banned.includes(m.dest)) return refuse(socket, m, m.dest + ' is banned')
    if (g.members.includes(m.dest)) return refuse(socket, m, m.dest + ' is a member already')
    g.members.push(m.dest)
    event(g, m, user, g.members)
  },
  kick (socket, m, user, g) {
    if (g.owner !== user) return refuse(socket, m, 'only the owner can kick')
    if (m.dest === user) return refuse(socket, m, 'you cannot kick yourself')
    if (!g.members.includes(m.dest)) return refuse(socket, m, m.dest + ' is not a member')
    g.members = g.members.filter(n => n !== m.dest)
    event(g, m, user, g.members.concat(m.dest))
  },
  ban (socket, m, user, g) {
    if (g.owner !== user) return refuse(socket, m, 'only the owner can ban')
    if (m.dest === user) return refuse(socket, m, 'you cannot ban yourself')
    if (!state.users.includes(m.dest)) return refuse(socket, m, 'there is no user ' + m.dest)
    if (g.banned.includes(m.dest)) return refuse(socket, m, m.dest + ' is banned already')
    g.members = g.members.filter(n => n !== m.dest)
    g.banned.push(m.dest)
    event(g, m, user, g.members.concat(m.dest))
  },
  unban (socket, m, user, g) {
    if (g.owner !== user) return refuse(socket, m, 'only the owner can unban')
    if (!g.banned.includes(m.dest)) return refuse(socket, m, m.dest + ' is not banned')
    g.banned = g.banned.filter(n => n !== m.dest)
    event(g, m, user, g.members.concat(m.dest))
  }
}

// Every event is logged and told in the words of its request.
function event (g, m, user, names) {
  const what = { sender: user, group: m.group }
  if (m.dest) what.dest = m.dest
  if (m.reason !== undefined) what.reason = m.reason
  g.events.push({ event: m.action, sender: user, dest: m.dest, reason: m.reason })
  save()
  sendAll(names, { action: 'server-' + m.action, ...what })
}

function handle (socket, text) {
  let m
  try { m = JSON.parse(text) } catch (e) { return send(socket, { action: 'server-error', msg: 'this is no JSON' }) }
  if (m === null || typeof m !== 'object' || typeof m.action !== 'string') {
    return send(socket, { action: 'server-error', msg: 'an object with an action is needed' })
  }
  const user = m.from || m.sender || m.name
  if (!user) return refuse(socket, m, 'who are you?')
  if (m.action === 'client-hello') return hello(socket, m, user)
  if (!socket.user) return refuse(socket, m, 'say hello first')
  if (Object.hasOwn(base, m.action)) return base[m.action](socket, m, user)
  if (!Object.hasOwn(inGroup, m.action)) return refuse(socket, m, 'unknown action')
  const g = groups.get(m.group)
  if (!g) return refuse(socket, m, 'there is no group ' + m.group)
  if (g.banned.includes(user)) return refuse(socket, m, 'you are banned from ' + m.group)
  inGroup[m.action](socket, m, user, g)
}

net.createServer(socket => {
  socket.buffer = ''
  socket.setEncoding('utf8')
  socket.setNoDelay(true)
  socket.on('data', text => {
    socket.buffer += text
    for (const complete of takeComplete(socket)) handle(socket, complete)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (online.get(socket.user) !== socket) return
    online.delete(socket.user)
    sendAll(online.keys(), { action: 'server-presence', from: socket.user, online: false })
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
