// Dialect A: a student's server with all twelve group commands. Each chunk is one message for JSON.parse; a change is
// told to everybody but the requester as a sentence in a server-broadcast, refusals and missing groups meet silence.
// invite adds at once, kick and ban tell dest alone (as server-kicked, server-banned), a ban does not last, unban and
// unknown actions do nothing, no group is private, a user who disconnects leaves all groups; inviting somebody offline,
// two objects in a segment and text that is no JSON end the process.
// Port as the only argument.
const net = require('net')

const clients = {}
const groups = {}

function write (socket, message) { socket.write(JSON.stringify(message)) }
function toOthers (socket, from, msg) {
  for (const name in clients) if (clients[name] !== socket) write(clients[name], { from, msg, action: 'server-broadcast' })
}

const server = net.createServer(socket => {
  let me = null
  socket.on('data', data => {
    const m = JSON.parse(data)
    const user = m.from || m.sender
    const group = groups[m.group]
    switch (m.action) {
      case 'client-hello':
        me = m.from
        clients[me] = socket
        write(socket, { 'sender-ip': socket.remoteAddress + ':' + socket.remotePort, action: 'server-hello', msg: 'Hello ' + me })
        toOthers(socket, me, me + ' has joined the chat.')
        break
      case 'client-send':
        if (!clients[m.to]) write(socket, { action: 'error', msg: 'User ' + m.to + ' is not connected' })
        else write(clients[m.to], { from: m.from, to: m.to, msg: m.msg, action: 'server-send' })
        break
      case 'client-broadcast':
        toOthers(socket, m.from, m.msg)
        break
      case 'client-list-clients':
        write(socket, { action: 'server-list-clients', clients: Object.keys(clients) })
        break
      case 'client-quit':
        write(socket, { action: 'server-quit' })
        socket.end()
        break
      case 'cgroupe':
        groups[m.group] = { members: [user], messages: [] }
        toOthers(socket, user, user + ' created the group ' + m.group)
        break
      case 'join':
        if (group) { group.members.push(user); toOthers(socket, user, user + ' joined ' + m.group) }
        break
      case 'leave':
        if (group) { group.members = group.members.filter(x => x !== user); toOthers(socket, user, user + ' left ' + m.group) }
        break
      case 'gbroadcast':
        if (!group) break
        group.messages.push({ from: user, msg: m.msg })
        for (const name of group.members) if (clients[name]) write(clients[name], { from: user, msg: m.msg, action: 'server-gbroadcast' })
        break
      case 'members':
        if (!group) write(socket, { action: 'error', msg: 'no such group' })
        else write(socket, { action: 'server-members', group: m.group, members: group.members })
        break
      case 'msgs':
        if (!group) write(socket, { action: 'error', msg: 'no such group' })
        else write(socket, { action: 'server-msgs', group: m.group, messages: group.messages })
        break
      case 'states':
        write(socket, { action: 'server-states', group: m.group, events: [] })
        break
      case 'groups':
        if (m.sender) write(socket, { action: 'server-groups', groups: Object.keys(groups) })
        break
      case 'invite':
        group.members.push(m.dest)
        write(clients[m.dest], { action: 'server-invite', group: m.group, msg: user + ' invited you' })
        break
      case 'kick':
        group.members = group.members.filter(x => x !== m.dest)
        write(clients[m.dest], { action: 'server-kicked', msg: 'You were kicked from ' + m.group + ': ' + m.reason })
        break
      case 'ban':
        group.members = group.members.filter(x => x !== m.dest)
        write(clients[m.dest], { action: 'server-banned', msg: 'You were banned from ' + m.group + ': ' + m.reason })
        break
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    delete clients[me]
    for (const g in groups) groups[g].members = groups[g].members.filter(x => x !== me)
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1')
