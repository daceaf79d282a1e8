import type { Era } from '../../contracts/mcp.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'

/** What a member said of itself in its handshake. */
export interface MemberHandshake {
  readonly member: string
  readonly result: JsonObject
  /** What it announces by itself reaches a client of an older revision. */
  readonly announces: boolean
}

const announced: ReadonlySet<string> = new Set(['listChanged', 'subscribe'])
const longestInstructions = 2_000
const longestOfAll = 16_000

/**
 * Everything that any member can do and the aggregate passes on. Clients of older revisions are promised announcements only of members whose
 * stream they get, and never tasks.
 */
export function mergeCapabilities(handshakes: readonly MemberHandshake[], era: Era): JsonObject {
  const merged: JsonObject = { tools: {} }
  for (const { result, announces } of handshakes) {
    const isLeftOut = (name: string) => era === 'legacy' && (name === 'tasks' || (announced.has(name) && !announces))
    for (const [name, capability] of Object.entries(objectMember(result, 'capabilities') ?? {})) {
      if (isLeftOut(name) || !isJsonObject(capability)) continue
      const kept = Object.entries(capability).filter(([member]) => !isLeftOut(member))
      merged[name] = { ...Object.fromEntries(kept), ...objectMember(merged, name) }
    }
  }
  return merged
}

/** The instructions of all members under their names; undefined when there are none. */
export function joinInstructions(
  handshakes: readonly Pick<MemberHandshake, 'member' | 'result'>[],
): string | undefined {
  const parts = handshakes.flatMap(({ member, result }) => {
    const text = stringMember(result, 'instructions')?.trim()
    return text ? [`# ${member}\n\n${cut(text, longestInstructions)}`] : []
  })
  return parts.length === 0 ? undefined : cut(parts.join('\n\n'), longestOfAll)
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
