import { type JsonObject, objectMember } from '../lib/json.ts'
import { listMethods } from '../mcp/methods.ts'

/** What a policy changed in a message, without anything of it. */
export function describeMessageEdit(before: JsonObject, after: JsonObject): string | undefined {
  const [old, edited] = [objectMember(before, 'params'), objectMember(after, 'params')]
  const changed = ['name', 'uri', 'arguments'].filter((member) => old?.[member] !== edited?.[member])
  return changed.length > 0 ? changed.join(', ') : undefined
}

/** What a policy changed in a result: how much of a list it took away or added. */
export function describeResultEdit(before: JsonObject, after: JsonObject, method: string): string | undefined {
  const member = listMethods.get(method)
  if (member === undefined) return undefined
  const [old, edited] = [before[member], after[member]]
  if (!Array.isArray(old) || !Array.isArray(edited)) return undefined
  const noun = nouns[member] ?? member
  if (edited.length < old.length) return `${old.length - edited.length} of ${old.length} ${noun} removed`
  return edited.length > old.length ? `${edited.length - old.length} ${noun} added` : `${noun} changed`
}

const nouns: { readonly [member: string]: string } = { resourceTemplates: 'templates' }
