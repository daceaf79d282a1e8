import type { GatewayError } from '../errors/gateway-error.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { Exchange } from './exchange.ts'
import type { Subject } from './subject.ts'

/**
 * One way to authenticate callers. A route may have several: each knows its own kind of credential by prefix or shape and leaves
 * every other kind to the next. They are asked together, in their order, at the place of the first.
 */
export interface Authentication {
  /**
   * Who presents a valid credential of this kind. Undefined when the request carries none of this kind; a refusal when it
   * carries one that is not valid: such a request is never passed on to the next way, nor taken for an anonymous one.
   */
  authenticate(exchange: Exchange): MaybePromise<Subject | GatewayError | undefined>
  /**
   * Keeps a credential of this kind, valid or not, back from the upstream: the route may forward its header. Called for every request
   * that is admitted, also when another credential admitted it.
   */
  withhold?(exchange: Exchange): void
  /** True when there is anything at all where this kind of credential belongs. */
  isPresented(exchange: Exchange): boolean
  /** The refusal, with its challenge, of a request whose credential no policy of the route recognised, or that has none. */
  refuse(exchange: Exchange): GatewayError
  /** Lets a request without any credential pass as nobody's. */
  readonly allowsAnonymous: boolean
  /** Its challenge tells a client how to sign in: of several refusals the caller receives this one, else that of the last. */
  readonly invitesSignIn: boolean
}
