import { GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import type { TokenSet } from '../token-endpoint.ts'
import { readScopes } from './read-challenge.ts'

/** A token as it came, checked. */
export interface IssuedToken extends TokenSet {
  /** RFC 8693 §2.2.1. */
  readonly issuedTokenType: string | undefined
}

/** What a token response is read with. */
export interface TokenResponseRules {
  /** `token_type` that is expected (RFC 6749 §7.1). `N_A`: what was issued is no access token (RFC 8693 §2.2.1). */
  readonly tokenType: 'Bearer' | 'N_A'
  /** Reason when the server answers `invalid_grant`. */
  readonly invalidGrant: ReasonCode
  /** Reason when it refuses with an error that says nothing about who is to act: `invalid_request`, words of its own, or none. */
  readonly refused: ReasonCode
  /** Stands between scopes besides a blank. */
  readonly scopeDelimiter: string
  /** Values of the request that no event may repeat. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

/**
 * The token of a token response (RFC 6749 §5.1), or why there is none. Errors count whatever the status: GitHub and Slack answer them
 * with 200.
 */
export async function readTokenResponse(
  answer: Response,
  rules: TokenResponseRules,
): Promise<IssuedToken | GatewayError> {
  const failure = readStatus(answer, rules.nowMs)
  if (failure !== undefined) return failure
  const body: unknown = await answer.json().catch(() => undefined)
  if (!isJsonObject(body)) return readForeignBody(answer, rules)
  const error = stringMember(body, 'error')
  if (error !== undefined) return explainOAuthError(error, body, rules)
  if (answer.ok) return readTokens(body, rules)
  const { refused, secrets } = rules
  // HubSpot has a code of its own under `status`.
  const words = describeOAuthError(
    stringMember(body, 'status') ?? 'no error code',
    stringMember(body, 'message'),
    secrets,
  )
  return new GatewayError(refused, { detail: `it answered ${answer.status}: ${words}` })
}

/** What a status says before anything is read: the body of a broken server means nothing. */
export function readStatus(answer: Response, nowMs: number): GatewayError | undefined {
  const retryAfter = readRetryAfter(answer.headers.get('retry-after'), nowMs)
  const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) }
  if (answer.status === 429) return new GatewayError('credential_provider_busy', { detail: 'it answered 429', headers })
  if (answer.status < 500) return undefined
  return new GatewayError('credential_provider_unreachable', { detail: `it answered ${answer.status}`, headers })
}

/** Whole seconds, at most a day; dates are turned into seconds (RFC 9110 §10.2.3). */
function readRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1000)
  return seconds > 0 ? Math.min(seconds, 86_400) : undefined
}

/** A web page or nothing at all. None of it is repeated: it may hold anything. */
function readForeignBody(answer: Response, { refused }: TokenResponseRules): GatewayError {
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? 'nothing'
  const detail = `it answered ${answer.status} with ${type.slice(0, 80)} instead of a JSON object`
  if (answer.status === 401) return new GatewayError('credential_client_rejected', { detail })
  return movedAway.has(answer.status) ? new GatewayError(refused, { detail }) : invalid(detail)
}

/** The endpoint is elsewhere now, if anywhere: who connects anew finds it. */
const movedAway: ReadonlySet<number> = new Set([301, 308, 404, 410])

/** Codes of vendors that have words of their own for those of RFC 6749 §5.2. */
const vendorCodes: { readonly [code: string]: string } = {
  // GitHub
  bad_refresh_token: 'invalid_grant',
  bad_verification_code: 'invalid_grant',
  incorrect_client_credentials: 'invalid_client',
  // Slack
  invalid_refresh_token: 'invalid_grant',
  token_expired: 'invalid_grant',
  token_revoked: 'invalid_grant',
  invalid_code: 'invalid_grant',
  invalid_client_id: 'invalid_client',
  bad_client_secret: 'invalid_client',
  // Entra: only the person at a browser can go on.
  interaction_required: 'invalid_grant',
  consent_required: 'invalid_grant',
  login_required: 'invalid_grant',
}

const reasonsOfCodes: { readonly [code: string]: ReasonCode } = {
  invalid_client: 'credential_client_rejected',
  unauthorized_client: 'credential_client_rejected',
  server_error: 'credential_provider_unreachable',
  temporarily_unavailable: 'credential_provider_unreachable',
  slow_down: 'credential_provider_busy',
}

/** The refusal behind an OAuth error. Its description is for the operator, without anything secret that the request carried. */
function explainOAuthError(
  error: string,
  body: JsonObject,
  { invalidGrant, refused, secrets }: TokenResponseRules,
): GatewayError {
  const code = Object.hasOwn(vendorCodes, error) ? (vendorCodes[error] ?? error) : error
  const known = Object.hasOwn(reasonsOfCodes, code) ? reasonsOfCodes[code] : undefined
  const reason = code === 'invalid_grant' ? invalidGrant : (known ?? refused)
  return new GatewayError(reason, {
    detail: describeOAuthError(error, stringMember(body, 'error_description'), secrets),
  })
}

/** `error: description` in printable characters, cut, without the given secrets. */
export function describeOAuthError(error: string, description: string | undefined, secrets: readonly string[]): string {
  let text = description === undefined ? error : `${error}: ${description}`
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '[secret]')
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300)
}

/** What may stand in a header (RFC 6750 §2.1 allows less, vendors use more). */
const headerSafe = /^[\x21-\x7e]{1,16384}$/
const longestRefreshToken = 16_384

/** Vendors that name whose token it is, where RFC 6749 §7.1 wants to know how it is used. */
const vendorTokenTypes: { readonly [type: string]: string } = {
  // Slack
  user: 'Bearer',
}

function readTokens(body: JsonObject, rules: TokenResponseRules): IssuedToken | GatewayError {
  const accessToken = stringMember(body, 'access_token')
  if (accessToken === undefined || !headerSafe.test(accessToken)) return invalid('it has no usable access_token')
  const tokenType = stringMember(body, 'token_type') ?? ''
  const known = Object.hasOwn(vendorTokenTypes, tokenType) ? vendorTokenTypes[tokenType] : tokenType
  if (known?.toLowerCase() !== rules.tokenType.toLowerCase())
    return invalid(`token_type is "${tokenType.replace(/[^\x20-\x7e]+/g, '').slice(0, 40)}", not ${rules.tokenType}`)
  const refreshToken = stringMember(body, 'refresh_token') || undefined
  if (refreshToken !== undefined && refreshToken.length > longestRefreshToken)
    return invalid('its refresh_token is too long')
  const expiresAtMs = readExpiry(body['expires_in'], rules.nowMs)
  if (expiresAtMs === null) return invalid('expires_in is no time in the future')
  return {
    accessToken,
    refreshToken,
    expiresAtMs,
    scopes: readGrantedScopes(stringMember(body, 'scope'), rules.scopeDelimiter),
    issuedTokenType: stringMember(body, 'issued_token_type'),
  }
}

const longestLifetimeSeconds = 10 * 365 * 86_400

/** Some servers write the number as text. Null: it is over before it began, or not a number; undefined: they do not say. */
function readExpiry(value: unknown, nowMs: number): number | undefined | null {
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds > 0)) return null
  return nowMs + Math.floor(Math.min(seconds, longestLifetimeSeconds) * 1000)
}

/** They are shown to people and stored with the connection: no more of them, and nothing else, than may be asked for. */
function readGrantedScopes(scope: string | undefined, delimiter: string): readonly string[] | undefined {
  const words = (scope ?? '').split(delimiter).flatMap((part) => part.split(' '))
  // GitHub and Slack answer with commas, whatever they were asked with.
  const named = readScopes(words.flatMap((word) => word.split(',')))
  return named.length === 0 ? undefined : named
}

function invalid(detail: string): GatewayError {
  return new GatewayError('credential_response_invalid', { detail })
}
