import type { IncomingHttpHeaders } from 'node:http'
import type { RouteCall, RouteSession } from '../contracts/handler.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { HttpExchange } from '../http/exchange.ts'
import type { Route } from './route.ts'

/** A message for another route, or GET or DELETE of a session with it. */
type PartRequest = RouteSession & Partial<Pick<RouteCall, 'message' | 'parameterHeaders'>>

/**
 * The part of an exchange that another route answers: request, client and subject of the whole, headers and policies of that route. What would
 * be headers of its answer stay with it.
 */
export class PartExchange extends HttpExchange {
  override readonly requestId: string
  override readonly headers: IncomingHttpHeaders

  constructor({ exchange, message, sessionId, parameterHeaders }: PartRequest, route: Route) {
    if (!(exchange instanceof HttpExchange)) {
      throw new GatewayError('gateway_error', { detail: 'a route was asked outside of an exchange' })
    }
    const { request, response, path, search, clientAddress } = exchange
    super(
      request,
      response,
      { name: route.name, path: route.path, tenant: exchange.tenant },
      path,
      search,
      clientAddress,
    )
    this.requestId = exchange.requestId
    this.isBoundHere = true
    this.headers = partHeaders(exchange.headers, sessionId, parameterHeaders)
    this.subject = exchange.subject
    this.via = exchange.routeName
    this.bytesIn = message === undefined || message.edited ? 0 : message.bytes.length
    exchange.addPart(this)
    if (exchange.clientGone && message?.era === 'modern') this.cancel()
  }

  /** `Mcp-Session-Id` that the route gave. */
  get givenSession(): string | undefined {
    const at = this.responseHeaders.indexOf('mcp-session-id')
    return at === -1 ? undefined : this.responseHeaders[at + 1]
  }
}

/** Headers that belong to one hop do not belong to the next. */
function partHeaders(
  headers: IncomingHttpHeaders,
  sessionId: string | undefined,
  parameterHeaders: RouteCall['parameterHeaders'],
): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => {
    if (name === 'mcp-session-id' || name === 'last-event-id') return false
    return parameterHeaders === undefined || !name.startsWith('mcp-param-')
  })
  return {
    ...Object.fromEntries(kept),
    ...parameterHeaders,
    ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
  }
}
