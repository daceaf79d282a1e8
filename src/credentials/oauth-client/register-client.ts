import { GatewayError } from '../../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { isLoopbackHost } from '../../lib/loopback.ts'
import { chooseAuthMethod } from './authenticate-client.ts'
import { type ClientIdentity, describeClient } from './client-document.ts'
import { describeOAuthError, readStatus } from './read-token-response.ts'
import type { ServerMetadata } from './server-metadata.ts'

/** A registration as received (RFC 7591 §3.2.1), with the method that is used at the token endpoint. */
export interface Registration {
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'none'
  /** When the secret expires; undefined: never. Milliseconds since the epoch. */
  readonly expiresAtMs: number | undefined
  /** All that the server answered. */
  readonly received: JsonObject
}

const timeoutMs = 10_000

/**
 * Registers the gateway at an authorization server (RFC 7591 §3). Rejects with `credential_registration_refused` and the server's words in
 * the detail, or with another `credential_*` reason when it cannot answer now.
 */
export async function registerClient(
  call: CallAuthorizationServer,
  endpoint: string,
  server: ServerMetadata,
  identity: ClientIdentity,
  redirectUri: string,
  nowMs: number,
): Promise<Registration> {
  const method = chooseRegisteredMethod(server.tokenEndpointAuthMethods)
  const metadata = {
    ...describeClient(identity, redirectUri),
    // OpenID Connect Registration §2: a loopback address belongs to a program on somebody's computer.
    application_type: isLoopbackHost(new URL(redirectUri).hostname) ? 'native' : 'web',
    token_endpoint_auth_method: method,
  }
  const answer = await call(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
    timeoutMs,
  })
  const failure = readStatus(answer, nowMs)
  if (failure !== undefined) throw failure
  const received: unknown = await answer.json().catch(() => undefined)
  if (!answer.ok || !isJsonObject(received)) throw refused(describeAnswer(answer, received))
  return readRegistration(received, method)
}

/** A confidential client where there may be one; said aloud, since the default of RFC 7591 is not that of every server. */
function chooseRegisteredMethod(offered: readonly string[] | undefined): Registration['method'] {
  const method = chooseAuthMethod(offered, true)
  return offered !== undefined && !offered.includes(method) && offered.includes('none') ? 'none' : method
}

function readRegistration(received: JsonObject, asked: Registration['method']): Registration {
  const clientId = stringMember(received, 'client_id')
  if (clientId === undefined || clientId === '') throw refused('the answer names no client_id')
  const clientSecret = stringMember(received, 'client_secret') || undefined
  const method = readMethod(stringMember(received, 'token_endpoint_auth_method'), asked, clientSecret !== undefined)
  if (method !== 'none' && clientSecret === undefined) throw refused(`the answer has no secret for ${method}`)
  const expiresAt = received['client_secret_expires_at']
  const expires = clientSecret !== undefined && typeof expiresAt === 'number' && expiresAt > 0
  return { clientId, clientSecret, method, expiresAtMs: expires ? expiresAt * 1000 : undefined, received }
}

/** What the server answers counts. One that gives a secret to a client without one wants to see it (Figma). */
function readMethod(
  given: string | undefined,
  asked: Registration['method'],
  hasSecret: boolean,
): Registration['method'] {
  const method = given ?? asked
  if (method === 'none') return hasSecret ? 'client_secret_post' : 'none'
  if (method === 'client_secret_basic' || method === 'client_secret_post') return method
  throw refused(`the server wants ${method.slice(0, 80)}, which was not asked for`)
}

function describeAnswer(answer: Response, body: unknown): string {
  const error = isJsonObject(body) ? stringMember(body, 'error') : undefined
  if (!isJsonObject(body) || error === undefined) return `it answered ${answer.status}`
  return `${answer.status} ${describeOAuthError(error, stringMember(body, 'error_description'), [])}`
}

function refused(detail: string): GatewayError {
  return new GatewayError('credential_registration_refused', { detail })
}
