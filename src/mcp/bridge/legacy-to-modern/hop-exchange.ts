import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange, UpstreamHeaders } from '../../../contracts/exchange.ts'
import type { Subject } from '../../../contracts/subject.ts'

/**
 * The exchange of a client as one request to the upstream sees it: the client's own headers describe its hop and are not there. Several
 * requests may belong to one exchange; `cancel` ends whichever runs.
 */
export class HopExchange implements Exchange {
  readonly #exchange: Exchange
  readonly headers: Readonly<IncomingHttpHeaders>
  #onCancel: (() => void) | undefined
  #isCancelled = false

  /** `headers`: what this request carries of its message (`mcp-param-…`). */
  constructor(exchange: Exchange, headers: { readonly [name: string]: string } = {}) {
    this.#exchange = exchange
    this.headers = headers
  }

  get requestId(): string {
    return this.#exchange.requestId
  }

  get routeName(): string {
    return this.#exchange.routeName
  }

  get routePath(): string {
    return this.#exchange.routePath
  }

  get httpMethod(): string {
    return this.#exchange.httpMethod
  }

  get path(): string {
    return this.#exchange.path
  }

  get search(): string {
    return this.#exchange.search
  }

  get clientAddress(): string {
    return this.#exchange.clientAddress
  }

  get subject(): Subject | undefined {
    return this.#exchange.subject
  }

  get tenant(): string {
    return this.#exchange.tenant
  }

  get upstreamHeaders(): UpstreamHeaders {
    return this.#exchange.upstreamHeaders
  }

  get connectionId(): string | undefined {
    return this.#exchange.connectionId
  }

  set connectionId(id: string | undefined) {
    this.#exchange.connectionId = id
  }

  setResponseHeader(name: string, value: string): void {
    this.#exchange.setResponseHeader(name, value)
  }

  onCancel(listener: () => void): void {
    this.#onCancel = listener
    if (this.#isCancelled) listener()
  }

  /** Ends the request upstream, if it still runs. */
  cancel(): void {
    this.#isCancelled = true
    this.#onCancel?.()
  }
}
