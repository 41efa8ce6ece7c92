// Who is who: what a request has to hold, whom its connection belongs to, and who is online.
export const online = new Map() // name → connection

const isName = value => typeof value === 'string' && /^[^\p{White_Space}\p{Cc};]{1,32}$/u.test(value)
const isText = (value, most) => typeof value === 'string' && value !== '' && [...value].length <= most
export const isId = value => value === undefined || Number.isSafeInteger(value) || isText(value, 64)
const rules = { from: isName, to: isName, msg: value => isText(value, 8192), id: isId }

/** Returns why a request is refused, or undefined. `fields` must be there; without them the action is unknown. */
export function refusal (request, fields, connection) {
  const refused = (code, msg, field) => ({ code, msg, field })
  if (typeof request?.action !== 'string') return refused('bad-message', 'The action is missing.', '/action')
  if (!fields) return refused('unknown-action', 'This server does not know the action.')
  for (const [field, alias] of [['from', 'sender'], ['from', 'name'], ['to', 'dest']]) { // I-ALIAS-1: texts mix them
    if (alias in request && !(field in request)) request[field] = request[alias]
  }
  const bad = [...fields, 'id'].find(field => !rules[field](request[field]))
  if (bad) return refused('bad-message', `${bad} is missing or has a wrong value.`, `/${bad}`)
  if (!fields.includes('from') || connection.name === request.from) return
  if (connection.name) return refused('sender-mismatch', `This connection belongs to ${connection.name}.`)
  if (online.has(request.from)) return refused('name-taken', `${request.from} is online already.`)
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
