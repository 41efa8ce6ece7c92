// A student's server with all group commands, where every request needs `sender`: with `from` or `name` it stays silent.
// It acknowledges everything, but in words of its own: server-cgroup, server-jgroup, server-jgroup-already,
// server-group-not-exist, server-gbroadcast-error, server-send-error … The sender's own group message does not come back
// (an acknowledgement does), groups are listed as ["wob :public"], history as {from, content}.
// A chunk that is not one JSON object is dropped in silence, two objects in one segment too.
// Port as the only argument.
const net = require('net')

const users = {}
const groups = {}

function send (socket, obj) { socket.write(JSON.stringify(obj)) }

function sendTo (name, obj) { if (users[name]) send(users[name], obj) }

function base (socket, m) {
  if (m.action === 'client-hello') {
    users[m.sender] = socket
    socket.name = m.sender
    send(socket, { action: 'server-hello', msg: 'Hello ' + m.sender })
    for (const u in users) if (u !== m.sender) sendTo(u, { action: 'server-connected', sender: m.sender })
  } else if (m.action === 'client-send') {
    if (!users[m.to]) return send(socket, { action: 'server-send-error', msg: m.to + ' is not connected' })
    send(users[m.to], { action: 'server-send', sender: m.sender, to: m.to, msg: m.msg })
    send(socket, { action: 'server-send-ok', to: m.to })
  } else if (m.action === 'client-broadcast') {
    for (const u in users) if (u !== m.sender) sendTo(u, { action: 'server-broadcast', sender: m.sender, msg: m.msg })
    send(socket, { action: 'server-broadcast-ok' })
  } else if (m.action === 'client-list-clients') {
    send(socket, { action: 'server-list-clients', users: Object.keys(users) })
  } else if (m.action === 'client-quit') {
    send(socket, { action: 'server-quit', sender: m.sender })
    socket.end()
  } else if (m.action === 'groups') {
    const list = Object.keys(groups).map(g => g + ' :' + (groups[g].private ? 'private' : 'public'))
    send(socket, { action: 'server-groups', groups: list })
  }
}

function group (socket, m) {
  if (m.action === 'cgroupe') {
    if (groups[m.group]) return send(socket, { action: 'server-cgroup-already', group: m.group })
    groups[m.group] = { owner: m.sender, private: m.private === true, members: [m.sender], invited: [], banned: [], history: [], states: [] }
    groups[m.group].states.push({ state: 'created', by: m.sender })
    return send(socket, { action: 'server-cgroup', group: m.group })
  }
  const g = groups[m.group]
  if (!g) return send(socket, { action: 'server-group-not-exist', group: m.group })
  if (m.action === 'join') {
    if (g.members.includes(m.sender)) return send(socket, { action: 'server-jgroup-already', group: m.group })
    if (g.banned.includes(m.sender)) return send(socket, { action: 'server-jgroup-banned', group: m.group })
    if (g.private && !g.invited.includes(m.sender)) return send(socket, { action: 'server-jgroup-private', group: m.group })
    g.members.push(m.sender)
    g.states.push({ state: 'joined', by: m.sender })
    for (const u of g.members) sendTo(u, { action: 'server-jgroup', group: m.group, sender: m.sender })
  } else if (m.action === 'gbroadcast') {
    if (!g.members.includes(m.sender)) return send(socket, { action: 'server-gbroadcast-error', group: m.group, msg: 'you are not a member' })
    g.history.push({ from: m.sender, content: m.msg })
    for (const u of g.members) if (u !== m.sender) sendTo(u, { action: 'server-gbroadcast', group: m.group, sender: m.sender, msg: m.msg })
    send(socket, { action: 'server-gbroadcast-ok', group: m.group })
  } else if (m.action === 'members') {
    send(socket, { action: 'server-members-group', group: m.group, members: g.members })
  } else if (m.action === 'msgs') {
    send(socket, { action: 'server-messages', group: m.group, messages: g.history })
  } else if (m.action === 'states') {
    send(socket, { action: 'server-states', group: m.group, data: g.states })
  } else if (m.action === 'leave') {
    if (!g.members.includes(m.sender)) return send(socket, { action: 'server-leave-error', group: m.group })
    g.members = g.members.filter(u => u !== m.sender)
    g.states.push({ state: 'left', by: m.sender })
    for (const u of g.members.concat(m.sender)) sendTo(u, { action: 'server-lgroup', group: m.group, sender: m.sender })
  } else if (m.action === 'invite') {
    if (!users[m.dest]) return send(socket, { action: 'server-invite-error', group: m.group })
    g.invited.push(m.dest)
    g.states.push({ state: 'invited', by: m.sender, dest: m.dest })
    sendTo(m.dest, { action: 'server-invited', group: m.group, sender: m.sender })
    send(socket, { action: 'server-invite-ok', group: m.group, dest: m.dest })
  } else if (m.action === 'kick' || m.action === 'ban') {
    if (m.sender !== g.owner) return send(socket, { action: 'server-' + m.action + '-error', msg: 'only ' + g.owner + ' can do that' })
    g.members = g.members.filter(u => u !== m.dest)
    if (m.action === 'ban') g.banned.push(m.dest)
    g.states.push({ state: m.action, by: m.sender, dest: m.dest })
    sendTo(m.dest, { action: 'server-' + m.action + 'ed', group: m.group, reason: m.reason })
    send(socket, { action: 'server-' + m.action + '-ok', group: m.group, dest: m.dest })
  } else if (m.action === 'unban') {
    if (m.sender !== g.owner) return send(socket, { action: 'server-unban-error', msg: 'only ' + g.owner + ' can do that' })
    g.banned = g.banned.filter(u => u !== m.dest)
    g.states.push({ state: 'unban', by: m.sender, dest: m.dest })
    send(socket, { action: 'server-unban-ok', group: m.group, dest: m.dest })
  }
}

net.createServer(socket => {
  socket.on('data', data => {
    let m
    try { m = JSON.parse(data) } catch (e) { return }
    if (!m || !m.sender) return
    if (m.group) group(socket, m)
    else base(socket, m)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (users[socket.name] !== socket) return
    delete users[socket.name]
    for (const u in users) sendTo(u, { action: 'server-disconnected', sender: socket.name })
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
