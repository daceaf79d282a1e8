import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import { renderError } from '../errors/render-error.ts'
import { randomId } from '../lib/random-id.ts'

/** Answers a family of paths that are not routes: the authorization server, resource metadata. */
export interface Mount {
  owns(path: string): boolean
  handle(request: IncomingMessage, response: ServerResponse, path: string): void
}

/** What the dispatcher asks for each request. */
export interface DispatchTargets {
  /** True once the gateway stops: requests that still arrive on open connections are refused and may be tried again. */
  isStopping(): boolean
  /** Serves the route with this path; false when there is none. `search` keeps its `?`. */
  serveRoute(request: IncomingMessage, response: ServerResponse, path: string, search: string): boolean
  readonly mounts: readonly Mount[]
  /** Host check of everything that is not a route; routes make it themselves. */
  admit(request: IncomingMessage): GatewayError | undefined
  /** Told about every request that ends here, refused. */
  onRefused(error: GatewayError, requestId: string): void
}

/** Which part of the gateway answers: routes first, since they are the many; then the mounts; else 404. */
export function createDispatcher(
  targets: DispatchTargets,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (targets.isStopping()) {
      refuse(
        targets,
        response,
        new GatewayError('gateway_stopping', { headers: { connection: 'close', 'retry-after': '1' } }),
      )
      return
    }
    const url = request.url ?? '/'
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    if (targets.serveRoute(request, response, path, query === -1 ? '' : url.slice(query))) return
    const refusal = targets.admit(request)
    const mount = refusal ? undefined : targets.mounts.find((candidate) => candidate.owns(path))
    if (mount) mount.handle(request, response, path)
    else refuse(targets, response, refusal ?? new GatewayError('route_not_found'))
  }
}

function refuse(targets: DispatchTargets, response: ServerResponse, error: GatewayError): void {
  const requestId = randomId()
  const { status, contentType, body } = renderError(error, 'problem', requestId)
  const headers = { ...error.details.headers, 'content-type': contentType, 'x-request-id': requestId }
  response.writeHead(status, headers).end(body)
  targets.onRefused(error, requestId)
}
