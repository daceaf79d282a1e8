import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { completeSignIn } from '../test/harness/browser-login.ts'

const redirectUri = 'http://127.0.0.1:33418/callback'

interface Metadata {
  readonly authorization_servers?: readonly string[]
  readonly registration_endpoint?: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly client_id?: string
  readonly access_token?: string
}

/** Asks once and reads JSON. */
async function requestJson(
  url: string,
  contentType?: string,
  body?: string,
  timeoutMilliseconds = 10_000,
): Promise<Metadata> {
  const signal = AbortSignal.timeout(timeoutMilliseconds)
  const headers = contentType === undefined ? {} : { 'Content-Type': contentType }
  const outgoing = request(url, { method: body === undefined ? 'GET' : 'POST', headers, agent: false, signal })
  outgoing.end(body)
  const [answer] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}: ${text.slice(0, 500)}`)
  return JSON.parse(text) as Metadata
}

/** Waits for the server to listen. */
async function requestWhenReady(url: string, timeoutMilliseconds = 20_000): Promise<Metadata> {
  const deadline = performance.now() + timeoutMilliseconds
  for (;;) {
    try {
      return await requestJson(url, undefined, undefined, 500)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if ((code !== 'ECONNREFUSED' && code !== 'ABORT_ERR') || performance.now() > deadline) throw error
      await pause(20)
    }
  }
}

function demand(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`the authorization server gave no ${what}`)
  return value
}

/** Registers a client and signs in the way every client does: discovery, authorization code with PKCE, token for one virtual server. */
export async function obtainAccessToken(serverUrl: string): Promise<string> {
  const { origin, pathname } = new URL(serverUrl)
  const resource = await requestWhenReady(`${origin}/.well-known/oauth-protected-resource${pathname}`)
  const issuer = demand(resource.authorization_servers?.[0], 'issuer')
  const server = await requestJson(`${issuer}/.well-known/oauth-authorization-server`)
  const client = await requestJson(
    demand(server.registration_endpoint, 'registration endpoint'),
    'application/json',
    JSON.stringify({ client_name: 'bench', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  )
  const clientId = demand(client.client_id, 'client id')
  const verifier = randomBytes(32).toString('base64url')
  const authorization = new URL(demand(server.authorization_endpoint, 'authorization endpoint'))
  authorization.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: serverUrl,
    state: 'bench',
  }).toString()
  const callback = await completeSignIn(authorization.href, { subject: 'bench' })
  const grant = new URLSearchParams({
    grant_type: 'authorization_code',
    code: demand(callback.searchParams.get('code') ?? undefined, 'code'),
    redirect_uri: redirectUri,
    client_id: clientId,
    code_verifier: verifier,
    resource: serverUrl,
  })
  const tokens = await requestJson(
    demand(server.token_endpoint, 'token endpoint'),
    'application/x-www-form-urlencoded',
    grant.toString(),
  )
  return demand(tokens.access_token, 'access token')
}
