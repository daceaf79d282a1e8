import type { IncomingMessage, ServerResponse } from 'node:http'
import type { VirtualServer, VirtualServerDirectory } from '../../contracts/virtual-server.ts'

const wellKnown = '/.well-known/oauth-protected-resource'
const cors = { 'access-control-allow-origin': '*' } as const

/**
 * Protected resource metadata (RFC 9728 §2) of one virtual server. Only the scopes to begin with: clients ask for all they read
 * here, and for those of a tool when they are told. `offline_access` has no place in it (SEP-2207).
 */
function renderResourceMetadata(server: VirtualServer): object {
  return {
    resource: server.resource,
    authorization_servers: [new URL(server.resource).origin],
    scopes_supported: [...server.baseScopes],
    bearer_methods_supported: ['header'],
    resource_name: server.title,
  }
}

/** Answers the metadata of every virtual server at its well-known path; 404 where there is none, also at the root form. */
export function createResourceMetadataMount(virtualServers: VirtualServerDirectory) {
  return {
    owns: (path: string): boolean => path === wellKnown || path.startsWith(`${wellKnown}/`),
    handle(request: IncomingMessage, response: ServerResponse, path: string): void {
      if (request.method === 'OPTIONS') {
        const headers = { ...cors, 'access-control-allow-methods': 'GET, HEAD', 'access-control-max-age': '3600' }
        const asked = request.headers['access-control-request-headers']
        response.writeHead(204, asked ? { ...headers, 'access-control-allow-headers': asked } : headers).end()
        return
      }
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        answer(
          request,
          response,
          405,
          { error: 'method_not_allowed', reason: 'method_not_allowed' },
          { allow: 'GET, HEAD' },
        )
        return
      }
      const server = findByMetadataPath(path, virtualServers)
      if (server)
        answer(request, response, 200, renderResourceMetadata(server), { 'cache-control': 'public, max-age=300' })
      else
        answer(
          request,
          response,
          404,
          { error: 'not_found', reason: 'route_not_found' },
          { 'cache-control': 'no-store' },
        )
    },
  }
}

/** One trailing slash is tolerated: clients derive the path from the URL that a person typed. */
function findByMetadataPath(path: string, virtualServers: VirtualServerDirectory): VirtualServer | undefined {
  const suffix = path.slice(wellKnown.length)
  const routePath = suffix.endsWith('/') && suffix.length > 1 ? suffix.slice(0, -1) : suffix
  if (routePath === '') return undefined
  return virtualServers.list().find((server) => server.path === routePath)
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
  headers: { readonly [name: string]: string },
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    'x-content-type-options': 'nosniff',
    ...cors,
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}
