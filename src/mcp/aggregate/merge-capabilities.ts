import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'

/** What a member said of itself in its handshake. */
export interface MemberHandshake {
  readonly member: string
  readonly result: JsonObject
}

// Of what needs a stream besides that of a call, nothing could be delivered.
const undelivered = ['listChanged', 'subscribe']
const longestInstructions = 2_000
const longestOfAll = 16_000

/** Everything that any member can do and the aggregate passes on. `without`: capabilities that it does not. */
export function mergeCapabilities(handshakes: readonly MemberHandshake[], without: readonly string[]): JsonObject {
  const merged: JsonObject = { tools: {} }
  for (const { result } of handshakes) {
    for (const [name, capability] of Object.entries(objectMember(result, 'capabilities') ?? {})) {
      if (without.includes(name) || !isJsonObject(capability)) continue
      const kept = Object.entries(capability).filter(([member]) => !undelivered.includes(member))
      merged[name] = { ...Object.fromEntries(kept), ...objectMember(merged, name) }
    }
  }
  return merged
}

/** The instructions of all members under their names; undefined when none has any. */
export function joinInstructions(handshakes: readonly MemberHandshake[]): string | undefined {
  const parts = handshakes.flatMap(({ member, result }) => {
    const text = stringMember(result, 'instructions')?.trim()
    return text ? [`# ${member}\n\n${cut(text, longestInstructions)}`] : []
  })
  return parts.length === 0 ? undefined : cut(parts.join('\n\n'), longestOfAll)
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
