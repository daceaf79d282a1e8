import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Project } from '../config/project.ts'
import type { UpstreamConnections } from '../contracts/handler.ts'
import { type ClientAddressReader, createClientAddressReader } from '../http/client-address.ts'
import { HttpExchange } from '../http/exchange.ts'
import type { Arrival } from '../http/read-arrival.ts'
import type { OperatorAnswer, OperatorCall } from './ask-for-operator.ts'
import type { BuiltRoutes } from './build-routes.ts'
import { handleRequest } from './handle-request.ts'
import type { PipelineHost, Route } from './route.ts'
import { RunningExchanges } from './running-exchanges.ts'

/** A project that runs: its routes, and the requests that are under way on it. */
export class Snapshot {
  readonly project: Project
  readonly host: PipelineHost
  readonly #built: BuiltRoutes
  /** Address of a client: the peer, or what a trusted proxy says. */
  readonly clientAddressOf: ClientAddressReader
  readonly #running = new RunningExchanges()
  #drained: (() => void) | undefined

  constructor(project: Project, built: BuiltRoutes, host: PipelineHost) {
    this.project = project
    this.host = host
    this.#built = built
    this.clientAddressOf = createClientAddressReader(project.settings.trustedProxies)
  }

  /**
   * Serves one request; false when no route has this path. One trailing slash is forgiven: people paste URLs. `arrival`: another process of the
   * gateway passed it on.
   */
  serve(request: IncomingMessage, response: ServerResponse, path: string, search: string, arrival?: Arrival): boolean {
    const route = this.#findRoute(path)
    if (route === undefined) return false
    const clientAddress = arrival?.clientAddress ?? this.clientAddressOf(request)
    const exchange = new HttpExchange(request, response, route, path, search, clientAddress, arrival)
    const slot = this.#running.enter(exchange)
    handleRequest(exchange, route, this.host).then(
      () => this.#leave(slot),
      (error: unknown) => this.#abandon(exchange, slot, error),
    )
    return true
  }

  /** Asks a virtual server in the name of an operator; undefined when there is none of that name. */
  async ask(name: string, call: OperatorCall): Promise<OperatorAnswer | undefined> {
    const route = this.#built.names.get(name)
    if (route === undefined) return undefined
    // Nobody does, until somebody opens the console.
    const { askForOperator, newOperatorExchange } = await import('./ask-for-operator.ts')
    const exchange = newOperatorExchange(call, route)
    const slot = this.#running.enter(exchange)
    try {
      return await askForOperator(call, exchange, route, this.host)
    } finally {
      this.#leave(slot)
    }
  }

  /** What is under way. */
  get load(): { readonly requests: number; readonly streams: number } {
    return { requests: this.#running.size, streams: this.#running.streams }
  }

  /** Connections to upstreams, by route. */
  countConnections(): readonly (UpstreamConnections & { readonly virtualServer: string })[] {
    return [...this.#built.names.values()].flatMap(({ name, handler }) => {
      const count = handler.countConnections?.()
      return count ? [{ virtualServer: name, ...count }] : []
    })
  }

  /** Another process heard that the lists of this route changed. */
  forgetLists(routeName: string): void {
    this.#built.names.get(routeName)?.cache.forget()
  }

  /** Ends the requests that run under a revoked credential, open streams above all. */
  endRevoked(revocableId: string): void {
    this.#running.endRevoked(revocableId)
  }

  /** Resolves when the last request ended, or after `drainMs`; then policies and handlers are closed. */
  async retire(drainMs: number): Promise<void> {
    this.#running.endStreams()
    if (this.#running.size > 0) {
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(resolve, drainMs)
        this.#drained = () => {
          clearTimeout(deadline)
          resolve()
        }
      })
    }
    await this.#built.close()
  }

  #findRoute(path: string): Route | undefined {
    const { routes } = this.#built
    return routes.get(path) ?? (path.endsWith('/') ? routes.get(path.slice(0, -1)) : undefined)
  }

  /** A bug in one request must not end the others with it. */
  #abandon(exchange: HttpExchange, slot: number, error: unknown): void {
    this.host.log.error({ requestId: exchange.requestId, route: exchange.routeName, err: error }, 'request abandoned')
    exchange.response.destroy()
    this.#leave(slot)
  }

  #leave(slot: number): void {
    this.#running.leave(slot)
    if (this.#running.size === 0) this.#drained?.()
  }
}
