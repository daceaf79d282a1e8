import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import type { BufferedAnswer, EventStreamReader, StreamedAnswer } from '../contracts/handler.ts'
import type { ClientCertificate } from '../contracts/upstream.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { EventSplitter } from './split-events.ts'
import { createPool, errors } from './undici.ts'

/** Bounds on one upstream exchange. */
export interface UpstreamLimits {
  readonly responseBytes: number
  readonly sseEventBytes: number
  /** Also how long a call may wait for a free connection. */
  readonly firstByteMs: number
  readonly totalMs: number
}

/** Bounds on the connections to one upstream. */
export interface PoolLimits {
  readonly connections: number
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
}

/**
 * One request to an upstream. There is no place for the caller's token here: `headers` is a flat list of names and values that
 * the handler built from nothing.
 */
export interface UpstreamRequest {
  /** Absent: POST. */
  readonly method?: 'GET' | 'DELETE'
  readonly path: string
  readonly headers: string[]
  readonly body?: Buffer
  /** Longest silence before and within the answer; absent: those of the pool. */
  readonly idleMs?: number | undefined
  /** A stream of what happens: once it has begun, silence is in order, and it goes on for as long as somebody listens. */
  readonly isLasting?: boolean
}

/** What came back: a whole answer in memory, or an open event stream. */
export type UpstreamAnswer = (BufferedAnswer | StreamedAnswer) & { readonly responseHeaders: IncomingHttpHeaders }

/** Lets go of an answer that nobody reads, and of its connection. */
export function discardAnswer(answer: UpstreamAnswer): void {
  if (answer.kind === 'stream') answer.cancel()
}

/** Keep-alive connections to one origin. Idle time-outs are per chunk, so long streams with progress stay open. */
export function createUpstreamPool(origin: string, limits: PoolLimits, certificate?: ClientCertificate): Pool {
  return createPool(origin, {
    connections: limits.connections,
    connect: { timeout: limits.connectMs, ...(certificate && presentCertificate(certificate)) },
    headersTimeout: limits.firstByteMs,
    bodyTimeout: limits.idleMs,
    pipelining: 1,
    // Longer than usual gaps between calls of one person, shorter than the idle time-out of common servers.
    keepAliveTimeout: 4_000,
    maxResponseSize: -1,
    allowH2: false,
  })
}

/** The certificate that the gateway presents, and whom it trusts instead of the built-in authorities. */
export function presentCertificate({ certificate, privateKey, passphrase, certificateAuthority }: ClientCertificate) {
  return {
    cert: certificate,
    key: privateKey.reveal(),
    ...(passphrase && { passphrase: passphrase.reveal() }),
    ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
  }
}

/**
 * Sends one request and resolves when the answer is complete (JSON), or with its first byte (event stream). Rejects with an
 * `upstream_…` GatewayError. The returned `cancel` closes the upstream connection; the promise then rejects. `hasBegun`: headers have come.
 */
export function sendUpstream(
  pool: Pool,
  request: UpstreamRequest,
  limits: UpstreamLimits,
): { readonly answer: Promise<UpstreamAnswer>; hasBegun(): boolean; cancel(): void } {
  let call!: UpstreamCall
  const { method = 'POST', path, headers, body = null, idleMs, isLasting = false } = request
  const answer = new Promise<UpstreamAnswer>((resolve, reject) => {
    call = new UpstreamCall(isLasting ? { ...limits, totalMs: Number.POSITIVE_INFINITY } : limits, resolve, reject)
  })
  const options = { method, path, headers, body, blocking: false }
  const silence = isLasting
    ? { bodyTimeout: 0 }
    : idleMs !== undefined && { headersTimeout: idleMs, bodyTimeout: idleMs }
  const hasRoom = pool.dispatch(silence ? { ...options, ...silence } : options, call)
  if (!hasRoom) call.limitWait()
  return { answer, hasBegun: () => call.hasBegun, cancel: () => call.cancel() }
}

class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #limits: UpstreamLimits
  readonly #resolve: (answer: UpstreamAnswer) => void
  readonly #reject: (error: GatewayError) => void
  readonly #startedAtMs = performance.now()
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0
  #stream: UpstreamEventStream | undefined
  #wait: NodeJS.Timeout | undefined
  #failure: GatewayError | undefined

  constructor(
    limits: UpstreamLimits,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
  }

  get hasBegun(): boolean {
    return this.#status !== 0
  }

  cancel(): void {
    this.#abort(new GatewayError('request_cancelled'))
  }

  /** All connections are busy: this call waits for one, or took the last. */
  limitWait(): void {
    if (this.#controller !== undefined || this.#failure !== undefined) return
    const late = () => this.#abort(new GatewayError('upstream_timeout', { detail: 'no connection became free' }))
    this.#wait = setTimeout(late, this.#limits.firstByteMs).unref()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    clearTimeout(this.#wait)
    if (this.#failure) controller.abort(this.#failure)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    if (!headers['content-type']?.startsWith('text/event-stream')) return
    this.#stream = new UpstreamEventStream(
      status,
      headers,
      this.#elapsedMs(),
      this.#limits.sseEventBytes,
      controller,
      () => this.cancel(),
    )
    this.#resolve(this.#stream)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#elapsedMs() > this.#limits.totalMs) {
      this.#abort(new GatewayError('upstream_timeout', { detail: 'the whole answer took too long' }))
    } else if (this.#stream) {
      const failure = this.#stream.push(chunk)
      if (failure) this.#abort(failure)
      else if (this.#stream.paused) controller.pause()
    } else {
      this.#length += chunk.length
      if (this.#length > this.#limits.responseBytes) this.#abort(new GatewayError('limit_response_exceeded'))
      else this.#chunks.push(chunk)
    }
  }

  onResponseEnd(): void {
    if (this.#stream) {
      this.#stream.end(undefined)
      return
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    this.#resolve({
      kind: 'json',
      status: this.#status,
      body: body ?? Buffer.concat(this.#chunks, this.#length),
      headers: {},
      upstreamMs: this.#elapsedMs(),
      responseHeaders: this.#headers,
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const failure = this.#failure ?? upstreamFailure(error, this.#status !== 0)
    clearTimeout(this.#wait)
    if (this.#stream) this.#stream.end(failure)
    else this.#reject(failure)
  }

  #abort(failure: GatewayError): void {
    this.#failure ??= failure
    if (this.#controller) this.#controller.abort(failure)
    else {
      clearTimeout(this.#wait)
      this.#reject(failure)
    }
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAtMs
  }
}

/** Hands whole events to a reader; what arrives before there is one waits, and the source is paused. */
class UpstreamEventStream implements StreamedAnswer {
  readonly kind = 'stream'
  readonly status: number
  readonly headers = {}
  readonly responseHeaders: IncomingHttpHeaders
  readonly upstreamMs: number
  paused = true
  readonly #splitter: EventSplitter
  readonly #controller: Dispatcher.DispatchController
  readonly #cancel: () => void
  #waiting: Buffer[] = []
  #reader: EventStreamReader | undefined
  #ended = false
  #error: Error | undefined

  constructor(
    status: number,
    responseHeaders: IncomingHttpHeaders,
    upstreamMs: number,
    eventLimitBytes: number,
    controller: Dispatcher.DispatchController,
    cancel: () => void,
  ) {
    this.status = status
    this.responseHeaders = responseHeaders
    this.upstreamMs = upstreamMs
    this.#splitter = new EventSplitter(eventLimitBytes)
    this.#controller = controller
    this.#cancel = cancel
  }

  read(reader: EventStreamReader): void {
    this.#reader = reader
    this.resume()
  }

  resume(): void {
    this.paused = false
    this.#deliver()
    if (!this.paused && !this.#ended) this.#controller.resume()
  }

  cancel(): void {
    if (!this.#ended) this.#cancel()
  }

  /** Takes a chunk; returns the failure that must end the stream, if any. */
  push(chunk: Buffer): GatewayError | undefined {
    const events = this.#splitter.push(chunk)
    if (events === undefined) return new GatewayError('limit_response_exceeded', { detail: 'one event is too large' })
    if (this.#waiting.length === 0) this.#waiting = events
    else this.#waiting.push(...events)
    this.#deliver()
    return undefined
  }

  end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    const rest = this.#splitter.end()
    if (rest !== undefined && error === undefined) this.#waiting.push(Buffer.concat([rest, Buffer.from('\n\n')]))
    this.#deliver()
  }

  #deliver(): void {
    const reader = this.#reader
    if (reader === undefined) return
    let delivered = 0
    while (!this.paused && delivered < this.#waiting.length) {
      const event = this.#waiting[delivered++]
      if (event !== undefined && !reader.onEvent(event)) this.paused = true
    }
    this.#waiting = delivered === this.#waiting.length ? [] : this.#waiting.slice(delivered)
    // A reader that paused may still be at work on the last event.
    if (this.#ended && !this.paused && this.#waiting.length === 0) {
      this.#reader = undefined
      reader.onEnd(this.#error)
    }
  }
}

function upstreamFailure(error: Error, answered: boolean): GatewayError {
  if (error instanceof GatewayError) return error
  const details = { cause: error, detail: describe(error) }
  if (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  ) {
    return new GatewayError('upstream_timeout', details)
  }
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return new GatewayError('upstream_protocol_error', details)
  }
  return new GatewayError(answered ? 'upstream_disconnected' : 'upstream_unreachable', details)
}

function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return `${code}: ${error.message}`
}
