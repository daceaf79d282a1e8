import { sha256 } from '../../lib/hash.ts'
import { Lru } from '../../lib/lru.ts'

/** What a client calls a tool or prompt, and whose it is. */
export interface LocatedName {
  readonly member: string
  /** What its member calls it; undefined for a shortened name that nobody has listed yet. */
  readonly name: string | undefined
}

/** The names of one kind of capability (tools, or prompts) of all members. */
export interface MemberNames {
  /** What clients call it; undefined: it is not shown. */
  expose(member: string, name: string): string | undefined
  /** Undefined: nothing can have this name. */
  locate(exposed: string): LocatedName | undefined
}

/** No member has it: it ends at the first `_` of a name, or the first `+` of a URI. */
export const memberNamePattern = /^[a-z][a-z0-9-]{0,19}$/

// Models take names of 64 characters, and clients put a prefix of their own before ours.
const shortenedLength = 48
const fewestHashCharacters = 10
const plainName = /^[A-Za-z0-9_.-]+$/

/**
 * `<member>_<name>`, always, whether or not names collide. What would be 48 characters or longer, or has characters that clients do not
 * take, is shortened to exactly 48, so that the length says which of the two it is.
 */
export function prefixName(member: string, name: string): string {
  const plain = `${member}_${name}`
  return plain.length < shortenedLength && plainName.test(name) ? plain : shortenName(member, name)
}

function shortenName(member: string, name: string): string {
  const hash = sha256(JSON.stringify([member, name]))
  const room = shortenedLength - member.length - 2 - fewestHashCharacters
  const head = name.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, room)
  return `${member}_${head}_${hash}${hash}`.slice(0, shortenedLength)
}

/** Names with the prefix of their member. */
export class PrefixedNames implements MemberNames {
  readonly #members: ReadonlySet<string>
  /** Shortened names that passed. A hash says nothing about the person who listed it, and calling still needs to be allowed. */
  readonly #shortened = new Lru<string, string>(10_000)

  constructor(members: readonly string[]) {
    this.#members = new Set(members)
  }

  expose(member: string, name: string): string {
    const exposed = prefixName(member, name)
    if (exposed.length === shortenedLength) this.#shortened.set(exposed, name)
    return exposed
  }

  locate(exposed: string): LocatedName | undefined {
    const end = exposed.indexOf('_')
    const member = exposed.slice(0, end)
    if (end === -1 || exposed.length > shortenedLength || !this.#members.has(member)) return undefined
    if (exposed.length === shortenedLength) return { member, name: this.#shortened.get(exposed) }
    const name = exposed.slice(end + 1)
    return prefixName(member, name) === exposed ? { member, name } : undefined
  }
}

/** Names as the project writes them down; what it does not name is not shown. */
export class MappedNames implements MemberNames {
  readonly #located = new Map<string, LocatedName>()
  readonly #exposed = new Map<string, string>()

  /** By member: names of the member by what clients call them. */
  constructor(maps: ReadonlyMap<string, { readonly [exposed: string]: string }>) {
    for (const [member, names] of maps) {
      for (const [exposed, name] of Object.entries(names)) {
        this.#located.set(exposed, { member, name })
        this.#exposed.set(JSON.stringify([member, name]), exposed)
      }
    }
  }

  expose(member: string, name: string): string | undefined {
    return this.#exposed.get(JSON.stringify([member, name]))
  }

  locate(exposed: string): LocatedName | undefined {
    return this.#located.get(exposed)
  }
}
