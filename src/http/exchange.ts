import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Exchange, UpstreamHeaders } from '../contracts/exchange.ts'
import type { Subject } from '../contracts/subject.ts'
import type { MessageTrace } from '../contracts/tracing.ts'
import { randomId } from '../lib/random-id.ts'
import { type StepDecision, type StepPhase, startSteps } from '../lib/steps.ts'
import { defaultTenant } from '../lib/tenant.ts'
import type { Arrival } from './read-arrival.ts'

/** The concrete exchange behind what policies and handlers see, with the response and its bookkeeping. */
export class HttpExchange implements Exchange {
  readonly requestId = randomId()
  readonly startedAtMs = performance.now()
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly routeName: string
  readonly routePath: string
  readonly httpMethod: string
  readonly path: string
  readonly search: string
  readonly headers: IncomingMessage['headers']
  readonly clientAddress: string
  readonly upstreamHeaders = new UpstreamHeaderMap()
  subject: Subject | undefined = undefined
  connectionId: string | undefined = undefined
  upstreamProtocol: string | undefined = undefined
  /** Flat list of names and values. */
  readonly responseHeaders: string[] = []
  /** Name of the policy that runs, or that refused. */
  policy: string | undefined = undefined
  /** The route that asked, for a part of its exchange. */
  via: string | undefined = undefined
  /** What was decided so far, and by whom. */
  steps = startSteps()
  /** When each step began and ended, by the monotonic clock. */
  readonly stepTimes: number[] = []
  #stepStartMs = this.startedAtMs
  /** The span of its message, where traces are exported. */
  trace: MessageTrace | undefined = undefined
  /** That of the exchange it is a part of. */
  parentTrace: MessageTrace | undefined = undefined
  bytesIn = 0
  bytesOut = 0
  upstreamMs: number | undefined = undefined
  cached = false
  clientGone = false
  readonly isAdmitted: boolean
  /** No other process is asked to answer it: it came from one, it is a part of something, or there is nobody to ask. */
  isBoundHere: boolean
  /** Set where the answer would never end by itself: the gateway wants to stop, or to go on with another configuration. */
  onDrain: (() => void) | undefined = undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    route: { readonly name: string; readonly path: string; readonly tenant?: string | undefined },
    path: string,
    search: string,
    clientAddress: string,
    arrival?: Arrival,
  ) {
    this.request = request
    this.response = response
    this.routeName = route.name
    this.routePath = route.path
    this.#routeTenant = route.tenant
    this.httpMethod = request.method ?? ''
    this.path = path
    this.search = search
    this.headers = request.headers
    this.clientAddress = clientAddress
    this.isAdmitted = arrival?.isAdmitted ?? false
    this.isBoundHere = arrival !== undefined
  }

  readonly #routeTenant: string | undefined

  get tenant(): string {
    return this.subject?.tenant ?? this.#routeTenant ?? defaultTenant
  }

  setResponseHeader(name: string, value: string): void {
    this.responseHeaders.push(name, value)
  }

  /** Notes what a policy, or the pipeline itself (without a name), decided since the step before. `detail` holds nothing of the message. */
  addStep(phase: StepPhase, name: string, decision: StepDecision, detail?: string): void {
    const endMs = performance.now()
    this.steps = this.steps.followedBy(phase, name, decision, detail)
    this.stepTimes.push(this.#stepStartMs, endMs)
    this.#stepStartMs = endMs
  }

  /** What passed since the last step is none: an answer streamed meanwhile. */
  skipToNow(): void {
    this.#stepStartMs = performance.now()
  }

  #cancels = false
  #cancelListener: (() => void) | undefined

  /** From here on a client that goes away cancels the call (2026-07-28 §transport). */
  cancelOnDisconnect(): void {
    this.#cancels = true
  }

  onCancel(listener: () => void): void {
    this.#cancelListener = listener
  }

  #parts: HttpExchange[] | undefined

  /** A request to another route is made for this one: it ends with it. */
  addPart(part: HttpExchange): void {
    this.#parts ??= []
    this.#parts.push(part)
    part.parentTrace = this.trace
  }

  /** True when the revocable token or connection of this name is what this request, or a part of it, runs under. */
  runsUnder(revocableId: string): boolean {
    if (this.subject?.revocableId === revocableId || this.connectionId === revocableId) return true
    return this.#parts?.some((part) => part.runsUnder(revocableId)) ?? false
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    this.clientGone = true
    this.#cancelListener?.()
    for (const part of this.#parts ?? []) part.cancel()
  }

  /** The credential of the request was revoked: whatever still runs ends at once, in either era. */
  endAtOnce(): void {
    this.cancel()
    this.response.destroy()
  }

  /** The client closed the connection before the answer was complete. */
  disconnect(): void {
    this.clientGone = true
    if (this.#cancels) this.cancel()
  }
}

/** Headers of the upstream request under lower-case names: forwarded ones first, then what policies set. */
export class UpstreamHeaderMap implements UpstreamHeaders {
  readonly #values = new Map<string, string>()

  set(name: string, value: string, overwrite = true): void {
    const lower = name.toLowerCase()
    if (overwrite || !this.#values.has(lower)) this.#values.set(lower, value)
  }

  remove(name: string): void {
    this.#values.delete(name.toLowerCase())
  }

  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase())
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#values.entries()
  }
}
