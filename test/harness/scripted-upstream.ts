import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a script answers: an object as JSON, a text as it is. */
export interface ScriptedAnswer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: object | string
}

/** One request as it arrived. */
export interface ScriptedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The body as a form. */
  readonly form: URLSearchParams
}

/** A server of a test that answers by path, with what the test writes. It may stand for an upstream, its authorization server, or both. */
export interface ScriptedSite {
  readonly origin: string
  readonly answers: Map<string, ScriptedAnswer | ((request: ScriptedRequest) => ScriptedAnswer)>
  readonly requests: ScriptedRequest[]
  /** Requests to one path. */
  to(path: string): readonly ScriptedRequest[]
  close(): Promise<void>
}

/** Listens on a free loopback port; everything is 404 until the test says otherwise. */
export async function serveScript(): Promise<ScriptedSite> {
  const answers: ScriptedSite['answers'] = new Map()
  const requests: ScriptedRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const path = new URL(request.url ?? '/', 'http://x').pathname
      const { method = '', headers } = request
      const seen = { method, path, headers, body, form: new URLSearchParams(body) }
      requests.push(seen)
      const script = answers.get(path)
      const answer = typeof script === 'function' ? script(seen) : (script ?? { status: 404 })
      const type = typeof answer.body === 'object' ? { 'content-type': 'application/json' } : {}
      response.writeHead(answer.status ?? 200, { ...type, ...answer.headers })
      response.end(typeof answer.body === 'object' ? JSON.stringify(answer.body) : answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    requests,
    to: (path) => requests.filter((request) => request.path === path),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const resourceMetadataPath = '/.well-known/oauth-protected-resource/mcp'
export const serverMetadataPath = '/.well-known/oauth-authorization-server'

/** Metadata of a good authorization server at an origin. */
export function describeServer(origin: string, change: object = {}): object {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'],
    ...change,
  }
}

/** Writes a good authorization server into a site: metadata, registration, and a token endpoint that knows everybody. */
export function scriptServer(site: ScriptedSite, change: object = {}): void {
  const { answers, origin } = site
  answers.set(serverMetadataPath, { body: describeServer(origin, change) })
  let registered = 0
  answers.set('/register', ({ body }) => ({
    status: 201,
    body: {
      ...(JSON.parse(body) as object),
      client_id: `client-${++registered}`,
      client_secret: `secret-${registered}`,
    },
  }))
  let issued = 0
  answers.set('/token', () => ({
    body: {
      access_token: `access-${++issued}`,
      refresh_token: `refresh-${issued}`,
      token_type: 'Bearer',
      expires_in: 60,
    },
  }))
}

/** Writes an MCP endpoint at `/mcp` into a site, which names authorization servers. */
export function scriptResource(site: ScriptedSite, servers: readonly string[], change: object = {}): void {
  const { answers, origin } = site
  const challenge = `Bearer resource_metadata="${origin}${resourceMetadataPath}", scope="read"`
  answers.set('/mcp', { status: 401, headers: { 'www-authenticate': challenge } })
  answers.set(resourceMetadataPath, {
    body: { resource: `${origin}/mcp`, authorization_servers: servers, scopes_supported: ['read', 'write'], ...change },
  })
}
