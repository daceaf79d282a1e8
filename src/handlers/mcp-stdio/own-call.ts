import type { GatewayError } from '../../errors/gateway-error.ts'
import type { JsonObject } from '../../lib/json.ts'
import { nobody, type PendingCall } from './pending-call.ts'
import type { StdioSession } from './stdio-session.ts'

/** A request that the gateway makes itself, on behalf of `owner`. Nobody can be asked anything meanwhile. */
export class OwnCall implements PendingCall {
  readonly owner: string
  readonly isLasting: boolean
  readonly respond: (response: JsonObject) => void
  readonly fail: (error: GatewayError) => void

  constructor(
    owner: string,
    isLasting: boolean,
    respond: (response: JsonObject) => void,
    fail: (error: GatewayError) => void,
  ) {
    this.owner = owner
    this.isLasting = isLasting
    this.respond = respond
    this.fail = fail
  }

  notify(): void {}

  canAnswer(): boolean {
    return false
  }

  ask(): void {}

  withdraw(): void {}
}

/** Sends a request whose answer changes nothing. Throws a `GatewayError` when the program takes no more. */
export function sendOwn(session: StdioSession, owner: string, method: string, params: object): void {
  const nobodyWaits = () => {}
  session.start(new OwnCall(owner, false, nobodyWaits, nobodyWaits), { jsonrpc: '2.0', method, params }, false)
}

/** Somebody wants no updates of these any more; the program is told of those that nobody else wants. */
export function unsubscribeLeft(session: StdioSession, uris: readonly string[], subscriber: object): void {
  for (const uri of uris) {
    if (!session.unsubscribe(uri, subscriber)) continue
    try {
      sendOwn(session, nobody, 'resources/unsubscribe', { uri })
    } catch {
      // A program that takes nothing more sends updates that nobody is told of.
    }
  }
}
