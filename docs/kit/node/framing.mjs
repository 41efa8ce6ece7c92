// Framing: bytes go in as TCP cuts them, whole messages come out.
import { StringDecoder } from 'node:string_decoder'

/** Returns a function that takes bytes and calls `receive` with each whole message, or undefined for text that is none. */
export function framing (receive) {
  const decoder = new StringDecoder('utf8') // keeps half a character until the rest comes
  let [text, at, inString, open] = ['', 0, false, []] // open: the brackets that are still to come

  function take () {
    const start = text.search(/\S/)
    let message
    try { message = JSON.parse(text.slice(0, at)) } catch {}
    const lineEnd = text.indexOf('\n', start) // W-BAD-7: what is no message is dropped as far as its line goes
    text = text.slice(message ? at : lineEnd < 0 ? text.length : lineEnd + 1)
    ;[at, inString, open] = [0, false, []]
    receive(message)
  }

  return bytes => {
    text += decoder.write(bytes)
    while (at < text.length) {
      const c = text[at++]
      if (inString) {
        if (c === '\\') at++ // the character behind it ends no string
        else if (c === '"') inString = false
        else if (c < ' ') take() // a line feed cannot stand in a string
      } else if (c === '{' || (c === '[' && open.length)) open.push(c === '{' ? '}' : ']')
      else if (!open.length && c.trim()) take() // no object begins like this
      else if (c === '"') inString = true
      else if ('}]'.includes(c) && (open.pop() !== c || !open.length)) take()
    }
  }
}
