import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { HopExchange } from '../../mcp/bridge/legacy-to-modern/hop-exchange.ts'
import { type KnownTool, ToolIndexes } from '../../mcp/bridge/legacy-to-modern/tool-index.ts'
import { askUpstream, type ModernHop, ownerOf } from './modern-hop.ts'
import type { Upstream } from './upstream.ts'

const mostPages = 100

/** What calls need to know of the tools of one upstream, from the lists that its clients ask for, or one of its own. */
export class ToolFinder {
  readonly #upstream: Upstream
  readonly #indexes = new ToolIndexes()

  constructor(upstream: Upstream) {
    this.#upstream = upstream
  }

  /**
   * A client of 2026-07-28 must know a tool to call it; those of older revisions may call without ever listing. `anew`: the upstream says that
   * the tool has changed. Undefined when nothing can be known.
   */
  async find(name: string, hop: ModernHop, anew: boolean, exchange: HopExchange): Promise<KnownTool | undefined> {
    const owner = ownerOf(hop)
    const known = anew ? undefined : this.#indexes.find(owner, name)
    if (known !== undefined) return known
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const params = cursor === undefined ? {} : { cursor }
      const { response } = await askUpstream(this.#upstream, { method: 'tools/list', params }, hop, exchange)
      const { result, error } = response ?? {}
      // An upstream that does not list has no tools with anything particular.
      if (isJsonObject(error) && page === 0) this.#indexes.note(owner, {}, true)
      if (!isJsonObject(result)) break
      this.#indexes.note(owner, result, page === 0)
      if (typeof result.nextCursor !== 'string') break
      cursor = result.nextCursor
    }
    return this.#indexes.find(owner, name)
  }

  /** Takes a page of the list that a client asked for. */
  note(hop: ModernHop, result: JsonObject, isFirstPage: boolean): void {
    this.#indexes.note(ownerOf(hop), result, isFirstPage)
  }

  /** The upstream says that its tools changed. */
  forget(hop: ModernHop): void {
    this.#indexes.forget(ownerOf(hop))
  }
}
