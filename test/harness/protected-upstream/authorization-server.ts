import type { ServerBehaviour, ServerCounts } from './behaviour.ts'
import { type Answer, type Call, oauthError } from './http-call.ts'
import { KnownClients } from './known-clients.ts'
import { SigningKey } from './signing-key.ts'
import { TokenBook } from './token-book.ts'
import { answerTokenRequest, type PendingCode } from './token-endpoint.ts'

/** What an authorization server needs to know of its surroundings. */
export interface ServerParts {
  readonly issuer: string
  /** The MCP endpoint that tokens are for. */
  readonly resource: () => string
  readonly behaviour: () => ServerBehaviour
}

/** A small authorization server that does what it says: it checks clients, redirects, PKCE, resources, codes and refresh tokens. */
export class AuthorizationServer {
  readonly issuer: string
  readonly counts: ServerCounts = {
    metadata: 0,
    registrations: 0,
    authorizations: 0,
    clientDocuments: 0,
    tokenRequests: {},
    tokensIssued: {},
    refreshTokensIssued: 0,
    refreshTokensPresented: 0,
    refreshTokensReused: 0,
    grantsKilled: 0,
    revocations: 0,
  }
  readonly book = new TokenBook(this.counts)
  readonly clients = new KnownClients(this.counts, this.book)
  readonly codes = new Map<string, PendingCode>()
  readonly key = new SigningKey()
  readonly #parts: ServerParts

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.issuer = parts.issuer
  }

  get behaviour(): ServerBehaviour {
    return this.#parts.behaviour()
  }

  get resource(): string {
    return this.#parts.resource()
  }

  /** Which of its endpoints a path is. */
  endpointOf(pathname: string): 'server-metadata' | 'register' | 'authorize' | 'token' | 'revoke' | 'keys' | undefined {
    if (metadataPaths(this.issuer).includes(pathname)) return 'server-metadata'
    const { pathname: base } = new URL(this.issuer)
    const prefix = base === '/' ? '' : base
    const name = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1) : ''
    return (['register', 'authorize', 'token', 'revoke', 'keys'] as const).find((endpoint) => endpoint === name)
  }

  answer(call: Call): Promise<Answer> | Answer {
    const endpoint = this.endpointOf(call.url.pathname)
    if (endpoint === 'server-metadata') return this.#answerMetadata(call.url.pathname)
    if (endpoint === 'register') return this.#register(call)
    if (endpoint === 'authorize') return this.#authorize(call)
    if (endpoint === 'token') return answerTokenRequest(this, call)
    if (endpoint === 'revoke') return this.#revoke(call)
    if (endpoint === 'keys') return { status: 200, body: { keys: [this.key.publicJwk] } }
    return { status: 404 }
  }

  #answerMetadata(pathname: string): Answer {
    this.counts.metadata += 1
    const { behaviour, issuer } = this
    const [oauth, openid, appended] = metadataPaths(issuer)
    const places = { oauth, openid, 'openid-appended': appended, absent: undefined }
    if (places[behaviour.metadataPlace] !== pathname) return { status: 404 }
    const { registration } = behaviour
    const body = {
      issuer: behaviour.metadataIssuer ?? issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: behaviour.tokenEndpointAuthMethods,
      code_challenge_methods_supported: behaviour.pkceMethods,
      scopes_supported: behaviour.scopesSupported,
      ...((registration === 'dcr' || registration === 'both') && { registration_endpoint: `${issuer}/register` }),
      ...((registration === 'cimd' || registration === 'both') && { client_id_metadata_document_supported: true }),
      ...(behaviour.offerRevocation && { revocation_endpoint: `${issuer}/revoke` }),
      ...(behaviour.advertiseIss && { authorization_response_iss_parameter_supported: true }),
    }
    return { status: 200, body }
  }

  #register(call: Call): Answer {
    const { registration } = this.behaviour
    if (call.method !== 'POST' || (registration !== 'dcr' && registration !== 'both')) return { status: 404 }
    const metadata = JSON.parse(call.body) as { redirect_uris?: string[]; token_endpoint_auth_method?: string }
    if (!Array.isArray(metadata.redirect_uris)) return oauthError('invalid_redirect_uri', 'redirect_uris is missing')
    const { redirect_uris, ...others } = metadata
    return { status: 201, body: this.clients.register({ ...others, redirect_uris }) }
  }

  async #authorize(call: Call): Promise<Answer> {
    const asked = call.url.searchParams
    const client = await this.clients.find(asked.get('client_id') ?? '', this.behaviour)
    const redirectUri = asked.get('redirect_uri') ?? ''
    const isRegistered = client !== undefined && (client.redirectUris?.includes(redirectUri) ?? true)
    if (!isRegistered) return { status: 400, body: '<h1>This client or redirect is not known here</h1>' }
    const problem = this.#findProblem(asked)
    if (problem !== undefined) return this.#redirect(redirectUri, asked, { error: problem })
    if (this.behaviour.login === 'page' && call.method === 'GET') return loginPage
    this.counts.authorizations += 1
    if (this.behaviour.refuse) return this.#redirect(redirectUri, asked, { error: 'access_denied' })
    const account = new URLSearchParams(call.body).get('name') ?? `account-${this.counts.authorizations}`
    const code = this.book.makeSecret('code')
    this.codes.set(code, {
      clientId: client.clientId,
      redirectUri,
      challenge: asked.get('code_challenge') ?? '',
      account,
      scopes: this.behaviour.grantedScopes ?? (asked.get('scope') ?? '').split(' ').filter(Boolean),
      resource: asked.get('resource') ?? undefined,
    })
    return this.#redirect(redirectUri, asked, { code })
  }

  #findProblem(asked: URLSearchParams): string | undefined {
    if (asked.get('response_type') !== 'code') return 'unsupported_response_type'
    if (asked.get('code_challenge_method') !== 'S256' || !asked.get('code_challenge')) return 'invalid_request'
    if (this.behaviour.requireResource && asked.get('resource') !== this.resource) return 'invalid_target'
    return undefined
  }

  #redirect(redirectUri: string, asked: URLSearchParams, parameters: Record<string, string>): Answer {
    const { iss } = this.behaviour
    const target = new URL(redirectUri)
    const state = asked.get('state')
    const all = {
      ...parameters,
      ...(state !== null && { state }),
      ...(iss !== 'absent' && { iss: iss === 'wrong' ? 'https://evil.example' : this.issuer }),
    }
    for (const [name, value] of Object.entries(all)) target.searchParams.set(name, value)
    return { status: 302, headers: { location: target.href } }
  }

  async #revoke(call: Call): Promise<Answer> {
    const form = new URLSearchParams(call.body)
    const client = await this.clients.authenticate(call, form, this.behaviour, [this.issuer, `${this.issuer}/revoke`])
    if (client === undefined) return oauthError('invalid_client', 'who is this?', 401)
    this.book.revoke(form.get('token') ?? '')
    return { status: 200 }
  }
}

const loginPage: Answer = {
  status: 200,
  body: '<h1>Upstream sign-in</h1><form method="post"><input name="name"><button>Sign in</button></form>',
}

/** RFC 8414 §3.1 and OpenID Connect Discovery §4, with a path in the issuer. */
function metadataPaths(issuer: string): readonly [oauth: string, openid: string, appended: string] {
  const { pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname
  return [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    `${path}/.well-known/openid-configuration`,
  ]
}
