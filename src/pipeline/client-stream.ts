import type { HttpExchange } from '../http/exchange.ts'
import { holdFromHere } from '../http/hold-answer.ts'

const keepAliveMs = 15_000
const keepAliveComment = ':\n\n'

/** Who fills the stream to a client. */
export interface ClientStreamSource {
  /** The client has read what was written. */
  resume(): void
  /** The client has not read for too long, and is let go. */
  abandon(): void
}

/** The event stream of one response. The slower side sets the pace; an idle one is kept open by comments. */
export class ClientStream {
  readonly #exchange: HttpExchange
  readonly #source: ClientStreamSource
  readonly #keepAlive: NodeJS.Timeout
  /** Since when the client has not read what was written; undefined while it keeps up. */
  #blockedAtMs: number | undefined

  /** Sends the headers. `idleMs`: how long a client may not read. */
  constructor(exchange: HttpExchange, idleMs: number, source: ClientStreamSource) {
    this.#exchange = exchange
    this.#source = source
    exchange.response.writeHead(200, [
      ...exchange.responseHeaders,
      'content-type',
      'text/event-stream',
      'cache-control',
      'no-cache, no-transform',
      'x-accel-buffering',
      'no',
      'x-request-id',
      exchange.requestId,
    ])
    // Headers leave at once, in one write with the events that came with them.
    exchange.response.cork()
    exchange.response.flushHeaders()
    process.nextTick(() => exchange.response.uncork())
    const unblock = () => this.#unblock()
    exchange.response.on('drain', unblock).once('close', unblock)
    this.#keepAlive = setInterval(() => this.#keepUp(idleMs), Math.min(keepAliveMs, idleMs)).unref()
  }

  /** False when the client is slower than the source, which then waits for it. */
  write(bytes: Buffer): boolean {
    this.#exchange.bytesOut += bytes.length
    // A legacy client that went away did not cancel the call: the upstream is read to its end, for nobody.
    if (this.#exchange.clientGone || this.#exchange.response.write(bytes)) return true
    this.#blockedAtMs = performance.now()
    return false
  }

  /** Writes what answers the request. */
  answer(bytes: Buffer): boolean {
    holdFromHere(this.#exchange.response)
    return this.write(bytes)
  }

  end(): void {
    clearInterval(this.#keepAlive)
    this.#exchange.response.end()
  }

  #unblock(): void {
    if (this.#blockedAtMs === undefined) return
    this.#blockedAtMs = undefined
    this.#source.resume()
  }

  /** Keeps an idle connection open. A client that stopped reading is let go: it would hold an upstream connection for ever. */
  #keepUp(idleMs: number): void {
    if (this.#blockedAtMs === undefined) this.#exchange.response.write(keepAliveComment)
    else if (performance.now() - this.#blockedAtMs >= idleMs) {
      this.#source.abandon()
      this.#exchange.response.destroy()
    }
  }
}
