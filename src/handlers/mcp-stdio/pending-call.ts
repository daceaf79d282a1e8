import type { GatewayError } from '../../errors/gateway-error.ts'
import type { JsonObject } from '../../lib/json.ts'

/** Owner of what the gateway asks for itself: no message of the program is about it. */
export const nobody = ''

/** A call that waits for the program. All it is told happens on the stream of one caller. */
export interface PendingCall {
  /** Whose it is: nothing that belongs to one owner is ever told to another. */
  readonly owner: string
  /** It has no end of its own: a subscription. */
  readonly isLasting: boolean
  notify(notification: JsonObject): void
  respond(response: JsonObject): void
  fail(error: GatewayError): void
  /** True when its client can answer this request of the program. */
  canAnswer(method: string, params: JsonObject): boolean
  /** Asks the client; `reply` takes its whole response, whatever the id in it is. */
  ask(request: JsonObject, reply: (response: JsonObject) => void): void
  /** The program wants no answer to this request any more. */
  withdraw(requestId: unknown): void
}

/** Somebody who hears what belongs to no call: a GET stream, or a subscription. */
export interface Listener {
  readonly owner: string
  /** URIs of resources that this client subscribed to. */
  readonly subscriptions: readonly string[]
  notify(notification: JsonObject): void
}
