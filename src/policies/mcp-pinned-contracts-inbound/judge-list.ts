import type { DefinitionList, Deviation, PinnedDefinition } from '../../contracts/pinned-definitions.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { diffDefinitions } from '../../mcp/definitions/diff-definitions.ts'
import { describeDefinition, hashDefinition, keyOfList } from '../../mcp/definitions/hash-definition.ts'
import { inspectDefinition } from '../../mcp/definitions/inspect-definition.ts'
import type { PinnedContractsOptions } from './options.ts'

/** Why a capability is neither listed nor called. */
export type BlockReason = Extract<ReasonCode, 'capability_changed' | 'capability_not_pinned' | 'capability_suspicious'>

/** One entry of a list that is not as it is pinned. */
export interface JudgedEntry {
  readonly name: string
  readonly deviation: Deviation
  /** `changed`: it was pinned otherwise. `new`: it was not. */
  readonly kind: 'changed' | 'new'
  /** Undefined: it is offered. */
  readonly blockedBy: BlockReason | undefined
  /** For people; made when somebody is told. */
  describe(): string
}

/** A list as it was judged. */
export interface JudgedList {
  /** What is offered of it; undefined: everything. */
  readonly offered: readonly unknown[] | undefined
  readonly deviating: readonly JudgedEntry[]
  /** Every name of the page; undefined where all entries of the name are as it is pinned. */
  readonly shown: ReadonlyMap<string, Deviation | undefined>
}

/** Compares the entries of one list with the pins. What has no name cannot be compared, nor called: it is not offered. */
export function judgeList(
  entries: readonly unknown[],
  list: DefinitionList,
  pins: ReadonlyMap<string, PinnedDefinition> | undefined,
  options: PinnedContractsOptions,
  hashes: DefinitionHashes,
): JudgedList {
  const offered: unknown[] = []
  const deviating: JudgedEntry[] = []
  const shown = new Map<string, Deviation | undefined>()
  for (const entry of entries) {
    const name = isJsonObject(entry) ? stringMember(entry, keyOfList[list]) : undefined
    if (!isJsonObject(entry) || name === undefined) continue
    const judged = judgeEntry(entry, name, list, pins?.get(name), options, hashes)
    // A name may come twice, once as it is pinned and once not: then it is not as it is pinned.
    if (judged || !shown.has(name)) shown.set(name, judged?.deviation)
    if (judged) deviating.push(judged)
    if (judged?.blockedBy === undefined) offered.push(entry)
  }
  return { offered: offered.length < entries.length ? offered : undefined, deviating, shown }
}

function judgeEntry(
  entry: JsonObject,
  name: string,
  list: DefinitionList,
  pin: PinnedDefinition | undefined,
  options: PinnedContractsOptions,
  hashes: DefinitionHashes,
): JudgedEntry | undefined {
  const { hash, suspicions } = hashes.of(list, entry, pin?.hash)
  if (hash === pin?.hash) return undefined
  const deviation = { hash, suspicions }
  const describe = () => (pin ? diffDefinitions(pin.definition, describeDefinition(list, entry)) : 'is not pinned')
  return { name, deviation, kind: pin ? 'changed' : 'new', blockedBy: findBlock(deviation, pin, options), describe }
}

/** Why something that deviates is blocked; undefined when it is not. */
export function findBlock(
  { hash, suspicions }: Deviation,
  pin: PinnedDefinition | undefined,
  { onChange, onNew, onSuspicious }: PinnedContractsOptions,
): BlockReason | undefined {
  if (hash === pin?.hash) return undefined
  if (pin && onChange === 'block') return 'capability_changed'
  if (!pin && onNew === 'block') return 'capability_not_pinned'
  return onSuspicious === 'block' && suspicions.length > 0 ? 'capability_suspicious' : undefined
}

interface Known extends Deviation {
  /** The hash that it was pinned with: what is pinned as it is, is not inspected. */
  readonly pinned: string | undefined
}

const mostKnown = 20_000

/** Hashes of definitions by their bytes, which nearly always are what they were: only what is new is put in order, hashed and inspected. */
export class DefinitionHashes {
  readonly #known = new Map<string, Known>()

  of(list: DefinitionList, entry: JsonObject, pinned: string | undefined): Deviation {
    const bytes = sha256(`${list}${JSON.stringify(entry)}`)
    const known = this.#known.get(bytes)
    if (known && (known.pinned === pinned || known.hash !== pinned)) return known
    const hash = hashDefinition(list, entry)
    const made = { hash, suspicions: hash === pinned ? [] : inspectDefinition(entry), pinned }
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(bytes, made)
    return made
  }
}
