import type { DefinitionList, ServerPins } from '../../contracts/pinned-definitions.ts'
import type { JsonObject } from '../../lib/json.ts'
import { diffDefinitions } from './diff-definitions.ts'
import { inspectDefinition } from './inspect-definition.ts'
import { definitionLists } from './pins-file.ts'

/** One capability that is not as it is pinned. */
export interface PinDifference {
  readonly list: DefinitionList
  readonly name: string
  readonly change: 'added' | 'changed' | 'removed'
  /** What changed, for `changed`. */
  readonly detail: string
  readonly suspicions: readonly string[]
}

/** What differs between the pins and what would be pinned now. */
export function comparePins(before: ServerPins | undefined, after: ServerPins): readonly PinDifference[] {
  return definitionLists.flatMap((list) => {
    const pinned = before?.[list]
    const names = new Set([...(pinned?.keys() ?? []), ...after[list].keys()])
    return [...names].toSorted().flatMap((name): PinDifference[] => {
      const [old, current] = [pinned?.get(name), after[list].get(name)]
      if (old?.hash === current?.hash) return []
      const suspicions = current ? inspectDefinition(current.definition) : []
      const change = old === undefined ? 'added' : current === undefined ? 'removed' : 'changed'
      const detail = old && current ? describeChange(old.definition, current.definition) : ''
      return [{ list, name, change, detail, suspicions }]
    })
  })
}

/** Pictures are not in the file, so a change of one alone cannot be shown. */
function describeChange(before: JsonObject, after: JsonObject): string {
  return diffDefinitions(before, after) || 'a picture, or the hash alone'
}
