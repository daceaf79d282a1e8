import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { type KnownTool, ToolIndexes } from './tool-index.ts'

const mostPages = 100

/** What calls need to know of the tools of one upstream, from the lists that its clients ask for, or one of its own. */
export class ToolFinder {
  readonly #indexes = new ToolIndexes()

  /**
   * A client of 2026-07-28 must know a tool to call it; those of older revisions may call without ever listing. `list` asks for one page and
   * gives the JSON-RPC response. `anew`: the upstream says that the tool has changed. Undefined when nothing can be known.
   */
  async find(
    owner: string,
    name: string,
    anew: boolean,
    list: (params: JsonObject) => Promise<JsonObject | undefined>,
  ): Promise<KnownTool | undefined> {
    const known = anew ? undefined : this.#indexes.find(owner, name)
    if (known !== undefined) return known
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const { result, error } = (await list(cursor === undefined ? {} : { cursor })) ?? {}
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
  note(owner: string, result: JsonObject, isFirstPage: boolean): void {
    this.#indexes.note(owner, result, isFirstPage)
  }

  /** The upstream says that its tools changed. */
  forget(owner: string): void {
    this.#indexes.forget(owner)
  }
}
