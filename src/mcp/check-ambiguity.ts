import { foldCase } from '../lib/fold-case.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'

const decisiveMembers = new Set(['jsonrpc', 'id', 'method', 'params', 'name', 'uri', 'ref', 'arguments', '_meta'])

/**
 * True when two JSON parsers could read different messages from `text`: a repeated member, or one that differs from a
 * decisive member only in case (some parsers match names case-insensitively). The bytes go upstream unchanged, so what the
 * policies judged must be the only way to read them.
 */
export function isAmbiguous(text: string, body: JsonObject): boolean {
  if (hasCaseVariant(body) || (isJsonObject(body.params) && hasCaseVariant(body.params))) return true
  // Compact JSON without repeated members serialises to itself; only what does not is searched.
  return JSON.stringify(body) !== text && hasRepeatedMember(text, body)
}

function hasCaseVariant(object: JsonObject): boolean {
  for (const key in object) {
    if (!decisiveMembers.has(key) && decisiveMembers.has(foldCase(key))) return true
  }
  return false
}

/** A repeated member is written more often than it is read: only the last one is left in the parsed value. */
function hasRepeatedMember(text: string, body: JsonObject): boolean {
  return countWrittenMembers(text) !== countMembers(body)
}

/** Every member has one colon outside of strings. `text` is valid JSON. */
function countWrittenMembers(text: string): number {
  let count = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === backslash) index++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === colon) count++
  }
  return count
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

function countMembers(value: JsonObject): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    const children: unknown[] = Array.isArray(next) ? next : Object.values(next)
    if (!Array.isArray(next)) count += children.length
    for (const child of children) if (typeof child === 'object' && child !== null) open.push(child)
  }
  return count
}
