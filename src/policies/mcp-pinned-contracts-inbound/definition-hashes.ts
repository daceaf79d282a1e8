import type { DefinitionList, Deviation } from '../../contracts/pinned-definitions.ts'
import { sha256 } from '../../lib/hash.ts'
import type { JsonObject } from '../../lib/json.ts'
import { hashDefinition } from '../../mcp/definitions/hash-definition.ts'
import { type Inspection, inspectDefinition } from '../../mcp/definitions/inspect-definition.ts'

interface Known extends Deviation {
  /** The hash that it was pinned with: what is pinned as it is, is not inspected. */
  readonly pinned: string | undefined
}

const mostKnown = 20_000

/** Hashes of definitions by their bytes, which nearly always are what they were: only what is new is put in order, hashed and inspected. */
export class DefinitionHashes {
  readonly #known = new Map<string, Known>()

  of(list: DefinitionList, entry: JsonObject, pinned: string | undefined, inspection: Inspection): Deviation {
    const bytes = sha256(`${list}${JSON.stringify(entry)}`)
    const known = this.#known.get(bytes)
    if (known && (known.pinned === pinned || known.hash !== pinned)) return known
    const hash = hashDefinition(list, entry)
    const made = { hash, suspicions: hash === pinned ? [] : inspectDefinition(entry, inspection), pinned }
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(bytes, made)
    return made
  }
}
