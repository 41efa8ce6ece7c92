// Who is who: what a request has to hold, whom its connection belongs to, and who is online.
export const online = new Map() // name → connection

const isName = value => typeof value === 'string' && /^[^\p{White_Space}\p{Cc};]{1,32}$/u.test(value)
const isText = (value, most) => typeof value === 'string' && value !== '' && [...value].length <= most
export const isId = value => value === undefined || Number.isSafeInteger(value) || isText(value, 64)
const isMsg = value => isText(value, 8192)
const rules = { from: isName, sender: isName, name: isName, to: isName, dest: isName, group: isName, msg: isMsg, id: isId }
const same = [['from', 'sender', 'name'], ['to', 'dest']] // I-ALIAS-1 and 2: the course's texts mix them

/** Returns why a request is refused, or undefined. `fields` must be there, who asks first; without them the action is unknown. */
export function refusal (request, fields, connection) {
  const refused = (code, msg, field) => ({ code, msg, field })
  if (typeof request?.action !== 'string') return refused('bad-message', 'The action is missing.', '/action')
  if (!fields) return refused('unknown-action', 'This server does not know the action.')
  for (const field of fields) {
    const alias = same.find(names => names.includes(field))?.find(name => name in request)
    if (alias && !(field in request)) request[field] = request[alias]
  }
  const bad = [...fields, 'id'].find(field => !rules[field](request[field]))
  if (bad) return refused('bad-message', `${bad} is missing or has a wrong value.`, `/${bad}`)
  const name = request[fields[0]]
  if (!name || connection.name === name) return
  if (connection.name) return refused('sender-mismatch', `This connection belongs to ${connection.name}.`)
  if (online.has(name)) return refused('name-taken', `${name} is online already.`)
}

/** Gives a connection its name, and tells everybody else; I-BIND-1: the first request does it, hello or not. */
export function arrive (connection, name) {
  if (connection.name) return
  connection.name = name
  tellPresence(name, true)
  online.set(name, connection)
}

/** Takes the name away again, once, however the connection ended. */
export function leave (connection) {
  if (connection.gone) return
  connection.gone = true
  if (online.delete(connection.name)) tellPresence(connection.name, false)
}

function tellPresence (from, here) {
  for (const other of online.values()) other.send({ action: 'server-presence', from, online: here })
}
