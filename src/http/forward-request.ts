import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Peer } from '../contracts/peers.ts'
import { Agent, request as sendRequest } from '../lib/node-http.ts'
import type { Secret } from '../lib/secret.ts'
import { type Arrival, arrivalHeader, formatArrival } from './read-arrival.ts'

/** A request for another process of this gateway. */
export interface ForwardedRequest {
  readonly peer: Peer
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What was read of it already; absent: nothing. */
  readonly body: Buffer | undefined
  readonly arrival: Arrival
}

/**
 * `answered`: there is nothing left to do here. `unreachable`: the other process saw nothing of it, and the request is as it was. `lost`: the
 * other process ended before it answered, and may have done what it was asked.
 */
export type ForwardOutcome = 'answered' | 'unreachable' | 'lost'

/**
 * Passes requests on to other processes of this gateway as they came, and their answers back as they come, the slower side setting the pace.
 * When the client goes, the request to the other process is closed.
 */
export class RequestForwarder {
  readonly #secret: Secret
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })

  constructor(secret: Secret) {
    this.#secret = secret
  }

  /** Never rejects. */
  forward(forwarded: ForwardedRequest): Promise<ForwardOutcome> {
    return new Promise((resolve) => new Hop(forwarded, this.#send(forwarded), resolve))
  }

  close(): void {
    this.#agent.destroy()
  }

  #send({ peer, request, body, arrival }: ForwardedRequest): ClientRequest {
    const headers = passHeaders(request.rawHeaders, body !== undefined || !hasBody(request))
    headers.push(arrivalHeader, formatArrival(arrival, this.#secret))
    if (body) headers.push('content-length', String(body.length))
    const { method = 'GET', url: path = '/' } = request
    return sendRequest({ socketPath: peer.socket, agent: this.#agent, method, path, headers })
  }
}

/** The way of one request to the other process, and of its answer back. */
class Hop {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #body: Buffer | undefined
  readonly #outgoing: ClientRequest
  readonly #resolve: (outcome: ForwardOutcome) => void
  #isSent = false

  constructor(
    { request, response, body }: ForwardedRequest,
    outgoing: ClientRequest,
    resolve: (outcome: ForwardOutcome) => void,
  ) {
    this.#request = request
    this.#response = response
    this.#body = body
    this.#outgoing = outgoing
    this.#resolve = resolve
    // Nothing is taken from the request before there is somebody to give it to.
    outgoing.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => this.#sendBody())
      else this.#sendBody()
    })
    outgoing.once('response', (answer) => this.#relay(answer))
    outgoing.on('error', () => this.#fail())
    response.once('close', () => outgoing.destroy())
  }

  #sendBody(): void {
    this.#isSent = true
    if (this.#body || !hasBody(this.#request)) this.#outgoing.end(this.#body)
    else this.#request.pipe(this.#outgoing)
  }

  #fail(): void {
    if (this.#isSent) this.#dropBody()
    const isGone = this.#response.destroyed || this.#response.headersSent
    this.#resolve(isGone ? 'answered' : this.#isSent ? 'lost' : 'unreachable')
  }

  #relay(answer: IncomingMessage): void {
    this.#dropBody()
    const headers = passHeaders(answer.rawHeaders, false)
    if (answer.headers.connection === 'close') headers.push('connection', 'close')
    this.#response.writeHead(answer.statusCode ?? 502, headers)
    if (answer.headers['content-type']?.startsWith('text/event-stream')) this.#response.flushHeaders()
    answer.pipe(this.#response)
    answer.once('close', () => {
      if (!answer.complete) this.#response.destroy()
      this.#resolve('answered')
    })
  }

  /** Nobody reads what is left, and the next request of the connection comes after it. */
  #dropBody(): void {
    this.#request.unpipe(this.#outgoing)
    this.#request.resume()
  }
}

/** GET and DELETE have none here. One that has all the same stays with the connection it came on. */
function hasBody({ method }: IncomingMessage): boolean {
  return method === 'POST'
}

/** Of one hop only, RFC 9110 §7.6.1. */
const hopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  arrivalHeader,
])

function passHeaders(raw: readonly string[], withoutLength: boolean): string[] {
  const passed: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const lower = name.toLowerCase()
    if (!hopHeaders.has(lower) && !(withoutLength && lower === 'content-length'))
      passed.push(name, raw[index + 1] ?? '')
  }
  return passed
}
