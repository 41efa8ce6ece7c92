// A student's server in the style of a web API: what it sends has no `action`. The requester gets
// {type:'response', status, data} or {type:'response', status, error}, the others {type:'event', event, …}; one object
// a line both ways. Base layer and public groups (cgroupe, join, leave, gbroadcast, members, msgs, groups); every
// change is acknowledged, unknown users and groups and taken names are refused, posts of outsiders too; other actions
// are refused with 501. Nobody hears of leaving, groups live in memory. A fault in one request ends no connection.
// Port as the only argument.
const net = require('net')

const clients = new Map()
const groups = new Map()

const write = (socket, message) => socket.write(JSON.stringify(message) + '\n')

net.createServer(socket => {
  let pending = ''
  let me = null
  const ok = data => write(socket, { type: 'response', status: 200, data })
  const refuse = (status, error) => write(socket, { type: 'response', status, error })
  const tell = (name, message) => write(clients.get(name), { type: 'event', ...message })

  function handle (m) {
    const group = m.group && groups.get(m.group)
    switch (m.action) {
      case 'client-hello': {
        const name = m.from || m.sender || m.name
        if (clients.has(name)) return refuse(409, 'name taken')
        me = name
        clients.set(me, socket)
        ok({ welcome: me })
        for (const name of clients.keys()) if (name !== me) tell(name, { event: 'connected', user: me })
        break
      }
      case 'client-send':
        if (!clients.has(m.to)) return refuse(404, 'unknown user')
        tell(m.to, { event: 'private', from: me, msg: m.msg })
        return ok({})
      case 'client-broadcast':
        for (const name of clients.keys()) if (name !== me) tell(name, { event: 'broadcast', from: me, msg: m.msg })
        return ok({})
      case 'client-list-clients': return ok([...clients.keys()])
      case 'client-quit': ok({}); return socket.end()
      case 'cgroupe':
        if (group) return refuse(409, 'exists')
        groups.set(m.group, { members: new Set([me]), messages: [] })
        return ok({ group: m.group })
      case 'groups': return ok([...groups.keys()])
      case 'join': case 'leave': case 'gbroadcast': case 'members': case 'msgs':
        if (!group) return refuse(404, 'no group')
    }
    switch (m.action) {
      case 'join': group.members.add(me); return ok({})
      case 'leave': group.members.delete(me); return ok({})
      case 'members': return ok([...group.members])
      case 'msgs': return ok(group.messages)
      case 'gbroadcast':
        if (!group.members.has(me)) return refuse(403, 'not a member')
        group.messages.push({ from: me, msg: m.msg })
        for (const name of group.members) {
          if (name !== me && clients.has(name)) tell(name, { event: 'group', group: m.group, from: me, msg: m.msg })
        }
        return ok({})
      case 'client-hello': return
      default: refuse(501, 'not implemented')
    }
  }

  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('close', () => { if (clients.get(me) === socket) clients.delete(me) })
  socket.on('data', text => {
    pending += text
    for (let end; (end = pending.indexOf('\n')) >= 0;) {
      const line = pending.slice(0, end)
      pending = pending.slice(end + 1)
      if (!line.trim()) continue
      let message
      try { message = JSON.parse(line) } catch (error) { refuse(400, 'bad json'); continue }
      try { handle(message) } catch (error) { refuse(500, error.message) }
    }
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
