import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { BrowserPerson } from '../../contracts/upstream-links.ts'
import { asGatewayError, type GatewayError } from '../../errors/gateway-error.ts'
import { renderErrorPage } from '../../oauth/pages/error-page.ts'
import { type ConnectHost, type PageAnswer, PageRefusal } from './connect-host.ts'
import { listPath } from './connection-paths.ts'
import { recordConnectEvent } from './record-connect-events.ts'

/** One request at the pages, with what is known of it so far. */
export interface PageArrival {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  person: BrowserPerson | undefined
  upstream: UpstreamSettings | undefined
}

const noStore = { 'cache-control': 'no-store' }

/** Sends an answer. Redirects tell nobody where the person came from. */
export function sendPage(response: ServerResponse, answer: PageAnswer): void {
  if (answer === undefined) return
  if ('redirect' in answer) {
    response.writeHead(303, { location: answer.redirect, 'referrer-policy': 'no-referrer', ...noStore }).end()
    return
  }
  response.writeHead(answer.status, answer.page.headers).end(answer.page.body)
}

/** Sends the error page: reason and request id, and where to go from there. Every refusal leaves an event. */
export function refusePage(thrown: unknown, arrival: PageArrival, host: ConnectHost): void {
  const { response, requestId, person, upstream } = arrival
  const error = asGatewayError(thrown instanceof PageRefusal ? thrown.refusal : thrown)
  if (!(thrown instanceof PageRefusal && thrown.recorded)) {
    if (error.reason === 'gateway_error')
      host.log.error({ err: error.cause, requestId }, 'a page of the connections failed')
    const type = error.reason === 'route_not_found' ? 'mcp_request_rejected' : 'auth_upstream_failed'
    const facts = person === undefined ? {} : { subject: person.subject, tenant: person.tenant }
    recordConnectEvent(host, type, requestId, upstream, facts, error)
  }
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { basePath } = host
  const page = renderErrorPage({
    reason: error.reason,
    requestId,
    title: 'Connection problem',
    description: describeWayRound(error, arrival, host),
    links: thrown instanceof PageRefusal ? thrown.links : listLinks(arrival, host),
    basePath,
  })
  // Some reasons have the status of an answer to an MCP call.
  const status = error.status < 400 ? 403 : error.status
  response.writeHead(status, { ...error.details.headers, ...page.headers }).end(page.body)
}

/** Who is signed in has a list to go back to. */
function listLinks({ person }: PageArrival, { basePath }: ConnectHost): PageRefusal['links'] {
  return person === undefined ? [] : [{ path: listPath(basePath), label: 'Your connections' }]
}

/** An upstream that does not take the gateway's callback may take one on the person's computer. */
function describeWayRound(
  { reason }: GatewayError,
  { upstream }: PageArrival,
  { publicUrl, basePath }: ConnectHost,
): string | undefined {
  if (reason !== 'credential_registration_refused' || upstream === undefined) return undefined
  return `On your own computer you may get further: sallyport connect ${publicUrl}${basePath} ${upstream.id}`
}
