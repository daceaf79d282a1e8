import { isJsonObject, type JsonObject, stringMember } from '../../../lib/json.ts'
import { Lru } from '../../../lib/lru.ts'
import { findParameterHeaders, type ParameterHeader } from '../../parameter-headers.ts'
import { describesObject } from './output-schema.ts'

/** What a call of a tool needs to know of its definition. */
export interface KnownTool {
  readonly headers: readonly ParameterHeader[]
  /** Its output was announced wrapped in an object. */
  readonly wrapsOutput: boolean
}

/** Only tools with something particular; nearly all are plain. */
export type ToolIndex = ReadonlyMap<string, KnownTool>

const mostIndexes = 5_000
const mostTools = 5_000
const keptMs = 10 * 60 * 1000
const plainTool: KnownTool = { headers: [], wrapsOutput: false }

/** The particular tools of a `tools/list` result. */
export function indexTools(result: JsonObject): ToolIndex {
  const index = new Map<string, KnownTool>()
  for (const tool of Array.isArray(result.tools) ? result.tools : []) {
    const name = isJsonObject(tool) ? stringMember(tool, 'name') : undefined
    if (!isJsonObject(tool) || name === undefined) continue
    const headers = findParameterHeaders(tool.inputSchema)
    const wrapsOutput = tool.outputSchema !== undefined && !describesObject(tool.outputSchema)
    if (headers !== 'invalid' && (headers.length > 0 || wrapsOutput)) index.set(name, { headers, wrapsOutput })
  }
  return index
}

/** What the lists of one upstream said, per person and credential. */
export class ToolIndexes {
  readonly #indexes = new Lru<string, ToolIndex>(mostIndexes, { ttl: keptMs })

  /** Undefined when the tools are not known, or not any more. */
  find(owner: string, tool: string): KnownTool | undefined {
    const index = this.#indexes.get(owner)
    return index && (index.get(tool) ?? plainTool)
  }

  /** Takes a page of the list; the first one begins it anew. */
  note(owner: string, result: JsonObject, isFirstPage: boolean): void {
    const page = indexTools(result)
    const known = isFirstPage ? undefined : this.#indexes.get(owner)
    if (!isFirstPage && known === undefined) return
    this.#indexes.set(owner, known ? new Map([...known, ...page].slice(0, mostTools)) : page)
  }

  forget(owner: string): void {
    this.#indexes.delete(owner)
  }
}
