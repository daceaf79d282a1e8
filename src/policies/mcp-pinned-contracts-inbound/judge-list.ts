import type { DefinitionList, Deviation, PinnedDefinition, ServerPins } from '../../contracts/pinned-definitions.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { isDepthWithin } from '../../mcp/check-arguments.ts'
import { diffDefinitions } from '../../mcp/definitions/diff-definitions.ts'
import { describeDefinition, keyOfList } from '../../mcp/definitions/hash-definition.ts'
import { newInspection } from '../../mcp/definitions/inspect-definition.ts'
import type { DefinitionHashes } from './definition-hashes.ts'
import { isCovered } from './is-covered.ts'
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
  readonly describe: () => string
}

/** A list as it was judged. */
export interface JudgedList {
  readonly offered: readonly unknown[]
  /** What has a name and can be compared. */
  readonly comparable: readonly JsonObject[]
  readonly deviating: readonly JudgedEntry[]
  /** Every name of the page; undefined where all entries of the name are as it is pinned. */
  readonly shown: ReadonlyMap<string, Deviation | undefined>
}

/** Far beyond what any schema needs, and what the stack bears. */
const deepestDefinition = 200
const tooDeep: Deviation = { hash: 'too deep', suspicions: ['is nested too deeply'] }

/** Compares the entries of one list with the pins. What has no name, or is nested too deeply, cannot be compared: it is not offered. */
export function judgeList(
  entries: readonly unknown[],
  list: DefinitionList,
  pins: ServerPins | undefined,
  options: PinnedContractsOptions,
  hashes: DefinitionHashes,
): JudgedList {
  const budget = newInspection()
  const comparable: JsonObject[] = []
  const offered: unknown[] = []
  const deviating: JudgedEntry[] = []
  const shown = new Map<string, Deviation | undefined>()
  for (const entry of entries) {
    const name = isJsonObject(entry) ? stringMember(entry, keyOfList[list]) : undefined
    if (!isJsonObject(entry) || name === undefined) continue
    if (!isDepthWithin(entry, deepestDefinition)) {
      shown.set(name, tooDeep)
      continue
    }
    comparable.push(entry)
    const judged = judgeEntry(entry, name, list, pins, options, (pinned) => hashes.of(list, entry, pinned, budget))
    // A name may come twice, once as it is pinned and once not: then it is not as it is pinned.
    if (judged || !shown.has(name)) shown.set(name, judged?.deviation)
    if (judged) deviating.push(judged)
    if (judged?.blockedBy === undefined) offered.push(entry)
  }
  return { comparable, offered, deviating, shown }
}

function judgeEntry(
  entry: JsonObject,
  name: string,
  list: DefinitionList,
  pins: ServerPins | undefined,
  options: PinnedContractsOptions,
  look: (pinned: string | undefined) => Deviation,
): JudgedEntry | undefined {
  const pin = pins?.[list].get(name)
  const { hash, suspicions } = look(pin?.hash)
  if (hash === pin?.hash) return undefined
  const deviation = { hash, suspicions }
  const covered = pin === undefined && options.onNew === 'block' && isCovered(list, name, pins)
  const describe = () => (pin ? diffDefinitions(pin.definition, describeDefinition(list, entry)) : 'is not pinned')
  return {
    name,
    deviation,
    kind: pin ? 'changed' : 'new',
    blockedBy: findBlock(deviation, pin, covered, options),
    describe,
  }
}

/** Why something that deviates is blocked; undefined when it is not. `covered`: see `isCovered`. */
export function findBlock(
  { hash, suspicions }: Deviation,
  pin: PinnedDefinition | undefined,
  covered: boolean,
  { onChange, onNew, onSuspicious }: PinnedContractsOptions,
): BlockReason | undefined {
  if (hash === pin?.hash) return undefined
  if (pin && onChange === 'block') return 'capability_changed'
  if (!pin && onNew === 'block' && !covered) return 'capability_not_pinned'
  return onSuspicious === 'block' && suspicions.length > 0 ? 'capability_suspicious' : undefined
}
