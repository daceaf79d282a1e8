import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UpstreamDirectory, UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { renderError } from '../../errors/render-error.ts'
import { isLoopbackHost } from '../../lib/loopback.ts'
import { randomId } from '../../lib/random-id.ts'

/** How the gateway describes itself to authorization servers of upstreams. */
export interface ClientIdentity {
  readonly publicUrl: string
  readonly basePath: string
  /** The one callback URL for all upstreams. */
  readonly redirectUri: string
  /** Presented in the place of the gateway's own documents. Only for code, e.g. a test whose server knows one URL; never in a project. */
  readonly clientDocumentUrl?: string | undefined
}

const wellKnown = '/.well-known/oauth-client/'

/** Where the metadata document of the client for one upstream is, which is also its `client_id`. */
export function clientDocumentUrl(identity: ClientIdentity, upstream: UpstreamSettings): string {
  const { publicUrl, basePath } = identity
  return identity.clientDocumentUrl ?? `${publicUrl}${basePath}${wellKnown}${upstream.id}`
}

/** False where no authorization server could fetch it: the specification wants https, and loopback is another machine for everybody else. */
export function hasClientDocument(identity: ClientIdentity): boolean {
  const url = new URL(identity.clientDocumentUrl ?? identity.publicUrl)
  return url.protocol === 'https:' && !isLoopbackHost(url.hostname)
}

/** What a document and a registration have in common (RFC 7591 §2). */
export function describeClient({ publicUrl }: ClientIdentity, redirectUri: string): object {
  return {
    client_name: `Sallyport (${new URL(publicUrl).host})`,
    client_uri: publicUrl,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }
}

/** The client metadata document for one upstream (draft-ietf-oauth-client-id-metadata-document §4). */
function renderClientDocument(identity: ClientIdentity, upstream: UpstreamSettings): object {
  return {
    client_id: clientDocumentUrl(identity, upstream),
    ...describeClient(identity, identity.redirectUri),
    application_type: 'web',
    token_endpoint_auth_method: 'none',
  }
}

/** Serves the client metadata document of every upstream where people sign in; 404 for all others. */
export function createClientDocumentMount(identity: ClientIdentity, upstreams: UpstreamDirectory) {
  const prefix = `${identity.basePath}${wellKnown}`
  return {
    owns: (path: string): boolean => path.startsWith(prefix),
    handle(request: IncomingMessage, response: ServerResponse, path: string): void {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        refuse(response, new GatewayError('method_not_allowed', { headers: { allow: 'GET, HEAD' } }))
        return
      }
      const upstream = upstreams.find(path.slice(prefix.length))
      if (upstream?.mode !== 'user-oauth' && upstream?.mode !== 'shared-oauth') {
        refuse(response, new GatewayError('route_not_found'))
        return
      }
      const body = JSON.stringify(renderClientDocument(identity, upstream))
      response.writeHead(200, {
        ...documentHeaders,
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'public, max-age=3600',
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    },
  }
}

const documentHeaders = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' } as const

function refuse(response: ServerResponse, error: GatewayError): void {
  const { status, contentType, body } = renderError(error, 'problem', randomId())
  const headers = {
    ...documentHeaders,
    ...error.details.headers,
    'content-type': contentType,
    'cache-control': 'no-store',
  }
  response.writeHead(status, headers).end(body)
}
