import { createHash, randomBytes } from 'node:crypto'
import { request } from 'undici'
import { completeSignIn } from './browser-login.ts'

/** What a client has after a sign-in. */
export interface ObtainedTokens {
  readonly clientId: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

const redirectUri = 'http://127.0.0.1:53683/callback'

/** Registers a client at the gateway, signs a person in and redeems the code, for the virtual server at `resource`. */
export async function obtainToken(publicUrl: string, resource: string, subject = 'ada'): Promise<ObtainedTokens> {
  const clientId = await registerClient(publicUrl)
  const { code, verifier } = await authorize(publicUrl, resource, clientId, subject)
  return redeemCode(publicUrl, resource, clientId, code, verifier)
}

/** Registers a public client of its own that is called back at `callback` and returns its id. */
export async function registerClient(publicUrl: string, callback = redirectUri): Promise<string> {
  // The same metadata again would be the same client.
  const client_uri = `https://client.example/${randomBytes(8).toString('hex')}`
  const metadata = { client_name: 'test', client_uri, redirect_uris: [callback], token_endpoint_auth_method: 'none' }
  const headers = { 'content-type': 'application/json' }
  const answer = await request(`${publicUrl}/oauth/register`, {
    method: 'POST',
    headers,
    body: JSON.stringify(metadata),
  })
  const registration = (await answer.body.json()) as { client_id?: string }
  if (!registration.client_id) throw new Error(`Registration failed: ${JSON.stringify(registration)}`)
  return registration.client_id
}

/** Signs a person in and returns the code with its verifier. */
export async function authorize(
  publicUrl: string,
  resource: string,
  clientId: string,
  subject: string,
): Promise<{ code: string; verifier: string }> {
  const verifier = randomBytes(32).toString('base64url')
  const authorizationUrl = new URL(`${publicUrl}/oauth/authorize`)
  authorizationUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'test',
    resource,
  }).toString()
  const callback = await completeSignIn(authorizationUrl, { subject })
  const code = callback.searchParams.get('code')
  if (!code) throw new Error(`The sign-in ended at ${callback.href}`)
  return { code, verifier }
}

/** Redeems a code for tokens. */
export function redeemCode(
  publicUrl: string,
  resource: string,
  clientId: string,
  code: string,
  verifier: string,
): Promise<ObtainedTokens> {
  const parameters = { code, code_verifier: verifier, redirect_uri: redirectUri, resource }
  return requestTokens(publicUrl, { grant_type: 'authorization_code', client_id: clientId, ...parameters })
}

/** Uses a refresh token. */
export function refreshTokens(publicUrl: string, clientId: string, refreshToken: string): Promise<ObtainedTokens> {
  return requestTokens(publicUrl, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken })
}

/** Revokes a token (RFC 7009). */
export async function revokeToken(publicUrl: string, clientId: string, token: string): Promise<void> {
  const answer = await postForm(`${publicUrl}/oauth/revoke`, { client_id: clientId, token })
  if (answer.status !== 200) throw new Error(`Revocation failed with ${answer.status}`)
}

async function requestTokens(
  publicUrl: string,
  form: { client_id: string } & Record<string, string>,
): Promise<ObtainedTokens> {
  const { status, text } = await postForm(`${publicUrl}/oauth/token`, form)
  const body = JSON.parse(text) as { access_token?: string; refresh_token?: string }
  if (!body.access_token) throw new Error(`No token (${status}): ${text}`)
  return { clientId: form.client_id, accessToken: body.access_token, refreshToken: body.refresh_token }
}

async function postForm(url: string, form: Record<string, string>): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await request(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() })
  return { status: answer.statusCode, text: await answer.body.text() }
}
