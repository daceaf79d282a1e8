import type { Exchange } from '../contracts/exchange.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { Peer, Worker } from '../contracts/peers.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { RequestForwarder } from '../http/forward-request.ts'
import { addressOf } from '../lib/address-tokens.ts'
import { objectMember, stringMember } from '../lib/json.ts'
import type { RoutePlace } from './place-routes.ts'
import { ServedElsewhere } from './served-elsewhere.ts'

const listsChanged = 'lists-changed'
/** An upstream may say so as often as it likes. */
const tellAfterMs = 50

/** What became of passing a request on: `true`, it was answered there. `false` at once where there is nobody to pass it on to. */
type Passed = false | Promise<boolean>

/**
 * Passes requests on to the process that has in memory what they are about. One that cannot be reached has just ended: then what it had is gone,
 * and the request is answered here, as after a restart. Rejects with `worker_lost` when it may have been done there.
 */
export class PeerRelay {
  readonly #worker: Worker
  readonly #forwarder: RequestForwarder
  readonly #changed = new Set<string>()

  constructor(worker: Worker, forwarder: RequestForwarder) {
    this.#worker = worker
    this.#forwarder = forwarder
  }

  /** To who made the session, before anything is read of the request: who asks is verified there. */
  passSession(exchange: HttpExchange): Passed {
    const session = exchange.headers['mcp-session-id']
    const peer = typeof session === 'string' && !exchange.isBoundHere ? this.#worker.findOwner(session) : undefined
    return peer ? this.#pass(exchange, peer, false) : false
  }

  /** To who keeps what the route keeps of this person. */
  passPlaced(exchange: HttpExchange, { isFixed, keyOf }: RoutePlace): Passed {
    const peer = isFixed && !exchange.isBoundHere ? this.#worker.findPlace(keyOf(exchange)) : undefined
    return peer ? this.#pass(exchange, peer, true) : false
  }

  /** To where the call waits that the message answers. Who was passed this goes on only to the very process: an odd place is no reason to lose it. */
  passRound(exchange: HttpExchange, message: McpMessage): Passed {
    const params = message.era === 'modern' ? objectMember(message.body, 'params') : undefined
    const state = params && stringMember(params, 'requestState')
    const peer = state === undefined ? undefined : this.#worker.findOwner(state)
    if (peer === undefined || state === undefined) return false
    if (exchange.isBoundHere && addressOf(state)?.name !== peer.name) return false
    return this.#pass(exchange, peer, true, message.bytes)
  }

  /** For handlers: throws `ServedElsewhere` when another process keeps what this one is about to make. */
  claim(exchange: Exchange, { keyOf }: RoutePlace): void {
    if ((exchange as HttpExchange).isBoundHere) return
    const peer = this.#worker.findPlace(keyOf(exchange))
    if (peer) throw new ServedElsewhere(peer)
  }

  /** After `claim`. Undefined when it was answered there; who cannot be reached any more is lost, since here the message is half answered. */
  async passClaimed(
    exchange: HttpExchange,
    { peer }: ServedElsewhere,
    message: McpMessage | undefined,
  ): Promise<GatewayError | undefined> {
    try {
      return (await this.#pass(exchange, peer, true, message?.bytes)) ? undefined : new GatewayError('worker_lost')
    } catch (error) {
      return asGatewayError(error)
    }
  }

  /** What other processes remember of the lists of this route is old. */
  tellListsChanged(route: string): void {
    if (this.#changed.has(route)) return
    this.#changed.add(route)
    setTimeout(() => {
      this.#changed.delete(route)
      this.#worker.tell(listsChanged, route)
    }, tellAfterMs).unref()
  }

  hearListsChanged(listener: (route: string) => void): void {
    this.#worker.hear(listsChanged, (route) => listener(String(route)))
  }

  async #pass(exchange: HttpExchange, peer: Peer, isAdmitted: boolean, body?: Buffer): Promise<boolean> {
    const { request, response, clientAddress } = exchange
    const arrival = { clientAddress, isAdmitted: isAdmitted || exchange.isAdmitted }
    const outcome = await this.#forwarder.forward({ peer, request, response, body, arrival })
    if (outcome === 'lost') throw new GatewayError('worker_lost')
    // Nobody is looked for twice.
    exchange.isBoundHere = true
    return outcome === 'answered'
  }
}
