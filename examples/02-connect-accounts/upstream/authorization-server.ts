import { createHash, randomBytes } from 'node:crypto'
import type { AccountBook } from './account-book.ts'
import { renderAccountChoice, renderError } from './pages.ts'

/** A request as the pieces of this server see it: body and query are read already. */
export interface Call {
  readonly method: string
  readonly url: URL
  readonly form: URLSearchParams
  readonly json: { readonly [member: string]: unknown }
  /** What follows `Bearer` in the header Authorization. */
  readonly bearer: string
}

/** What to answer: a page, JSON, or a redirect. */
export interface Answer {
  readonly status: number
  readonly html?: string
  readonly json?: object
  readonly headers?: { readonly [name: string]: string }
}

interface Code {
  readonly account: string
  readonly client: string
  readonly redirectUri: string
  readonly challenge: string
  readonly expiresAt: number
}

const codeSeconds = 60

/**
 * An OAuth 2.1 authorization server for public clients: metadata (RFC 8414), dynamic registration (RFC 7591), authorization code with
 * PKCE (RFC 7636), `iss` in the answer (RFC 9207), rotating refresh tokens, revocation (RFC 7009). Returns a handler for each path.
 */
export function createAuthorizationServer(issuer: string, resource: string, book: AccountBook) {
  const codes = new Map<string, Code>()

  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ['notes'],
  }

  function register({ json }: Call): Answer {
    const redirectUris = json['redirect_uris']
    if (!isRedirectList(redirectUris)) return refuse('invalid_redirect_uri')
    const name = typeof json['client_name'] === 'string' ? json['client_name'] : 'an application'
    const client = book.addClient(name, redirectUris)
    const registered = { client_id: client.id, client_name: name, redirect_uris: redirectUris }
    return { status: 201, json: { ...registered, token_endpoint_auth_method: 'none' } }
  }

  function authorize({ method, url, form }: Call): Answer {
    const ask = url.searchParams
    const client = book.client(ask.get('client_id') ?? '')
    const redirectUri = ask.get('redirect_uri') ?? ''
    // Whoever is sent to an address that the client did not register is sent to somebody else: say it here instead.
    if (!client?.redirectUris.includes(redirectUri))
      return { status: 400, html: renderError('This application or its redirect URI is not registered here.') }
    const back = (answer: { readonly [name: string]: string }): Answer => {
      const target = new URL(redirectUri)
      const state = ask.get('state')
      for (const [name, value] of Object.entries({ ...answer, iss: issuer, ...(state !== null && { state }) }))
        target.searchParams.set(name, value)
      return { status: 303, headers: { location: target.href } }
    }
    const challenge = ask.get('code_challenge')
    if (ask.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' })
    if (!challenge || ask.get('code_challenge_method') !== 'S256') return back({ error: 'invalid_request' })
    if (ask.get('resource') !== resource) return back({ error: 'invalid_target' })
    if (method !== 'POST') return { status: 200, html: renderAccountChoice(client.name, book.accounts()) }
    const account = form.get('name') ?? ''
    if (!book.notes(account)) return back({ error: 'access_denied' })
    const code = randomBytes(24).toString('base64url')
    const expiresAt = Date.now() + codeSeconds * 1000
    codes.set(code, { account, client: client.id, redirectUri, challenge, expiresAt })
    return back({ code })
  }

  function token({ form }: Call): Answer {
    if (form.get('resource') !== resource) return refuse('invalid_target')
    const client = book.client(form.get('client_id') ?? '')
    if (!client) return refuse('invalid_client', 401)
    if (form.get('grant_type') === 'refresh_token') {
      const tokens = book.refresh(form.get('refresh_token') ?? '', client.id)
      return tokens ? { status: 200, json: tokens } : refuse('invalid_grant')
    }
    if (form.get('grant_type') !== 'authorization_code') return refuse('unsupported_grant_type')
    const key = form.get('code') ?? ''
    const code = codes.get(key)
    codes.delete(key)
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '')
    const sameClient = code?.client === client.id && code.redirectUri === form.get('redirect_uri')
    if (!code || !sameClient || code.expiresAt < Date.now() || code.challenge !== verifier.digest('base64url'))
      return refuse('invalid_grant')
    return { status: 200, json: book.addGrant(code.account, client.id) }
  }

  function revoke({ form }: Call): Answer {
    const grant = book.findGrant(form.get('token') ?? '')
    if (grant && grant.client === form.get('client_id')) book.disconnect(grant.id)
    return { status: 200, json: {} }
  }

  return { metadata, register, authorize, token, revoke }
}

function refuse(error: string, status = 400): Answer {
  return { status, json: { error } }
}

function isRedirectList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((uri) => typeof uri === 'string' && URL.canParse(uri))
}
