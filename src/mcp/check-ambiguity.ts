import { visit } from 'jsonc-parser'
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
  return JSON.stringify(body) !== text && hasRepeatedMember(text)
}

function hasCaseVariant(object: JsonObject): boolean {
  for (const key in object) {
    if (!decisiveMembers.has(key) && decisiveMembers.has(foldCase(key))) return true
  }
  return false
}

function hasRepeatedMember(text: string): boolean {
  const open: Set<string>[] = []
  let repeated = false
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set())
      return !repeated
    },
    onObjectProperty: (name) => {
      const members = open.at(-1)
      if (members?.has(name)) repeated = true
      members?.add(name)
    },
    onObjectEnd: () => {
      open.pop()
    },
  })
  return repeated
}
