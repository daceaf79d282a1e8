import type { HttpExchange } from '../http/exchange.ts'
import { holdsOwnToken } from '../oauth/resource-server/read-bearer-token.ts'
import type { Route } from './route.ts'

/**
 * Client headers that the route lets through become upstream headers, for policies to change or keep back. A credential of this
 * gateway never does, whichever header it is in.
 */
export function forwardHeaders(exchange: HttpExchange, route: Route): void {
  for (const name of route.forwardHeaders) {
    const value = exchange.headers[name]
    if (value !== undefined && !holdsOwnToken(String(value))) exchange.upstreamHeaders.set(name, String(value))
  }
}
