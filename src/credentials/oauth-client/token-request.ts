import type { Clock } from '../../contracts/clock.ts'
import type { ClientAuthentication, UpstreamSettings } from '../../contracts/upstream.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { tokenRequestTimeoutMs } from '../token-endpoint.ts'
import { authenticateClient, type ClientProof } from './authenticate-client.ts'
import { type IssuedToken, readTokenResponse } from './read-token-response.ts'
import type { OpenDoor } from './upstream-door.ts'

/** One request to a token endpoint (RFC 6749 §3.2). */
export interface TokenRequest {
  /** For whose sake: it decides which hosts may be reached. */
  readonly upstream: UpstreamSettings
  readonly tokenEndpoint: string
  readonly client: ClientAuthentication
  /** `grant_type` and the like; what is undefined is left out. */
  readonly parameters: { readonly [name: string]: string | undefined }
  /** `token_type` of the answer. Default `Bearer`; `N_A` for a token that is no access token (RFC 8693 §2.2.1). */
  readonly tokenType?: 'Bearer' | 'N_A' | undefined
  /** Reason when the server answers `invalid_grant`. Default `credential_response_invalid`. */
  readonly invalidGrant?: ReasonCode | undefined
  /** Reason when the server refuses with any other error that is not about the client or itself. Default `credential_response_invalid`. */
  readonly refused?: ReasonCode | undefined
}

/**
 * Asks a token endpoint, once, within `tokenRequestTimeoutMs`. Resolves to the token, or to the refusal with its `credential_*` reason and
 * `Retry-After` among its headers where the server said so. Never rejects for what the server does.
 */
export type RequestToken = (request: TokenRequest) => Promise<IssuedToken | GatewayError>

/** Requests to token endpoints, through the guarded door of the upstream. */
export function createRequestToken(openDoor: OpenDoor, clock: Clock): RequestToken {
  return async (request) => {
    const { upstream, tokenEndpoint, parameters, client } = request
    try {
      const proof = await authenticateClient(client, tokenEndpoint)
      const answer = await postForm(openDoor(upstream), tokenEndpoint, parameters, proof)
      const outcome = await readTokenResponse(answer, {
        tokenType: request.tokenType ?? 'Bearer',
        invalidGrant: request.invalidGrant ?? 'credential_response_invalid',
        refused: request.refused ?? 'credential_response_invalid',
        scopeDelimiter: upstream.oauth?.scopeDelimiter ?? upstream.idJag?.scopeDelimiter ?? ' ',
        secrets: listSecrets(client, parameters, proof),
        nowMs: clock(),
      })
      return outcome instanceof GatewayError ? nameEndpoint(outcome, tokenEndpoint) : outcome
    } catch (error) {
      return asGatewayError(error)
    }
  }
}

/** Posts a form to an endpoint that authenticates clients: the token endpoint, or that of revocation. */
export async function sendForm(
  openDoor: OpenDoor,
  { upstream, tokenEndpoint, client }: Pick<TokenRequest, 'upstream' | 'tokenEndpoint' | 'client'>,
  parameters: TokenRequest['parameters'],
  endpoint = tokenEndpoint,
): Promise<Response> {
  const proof = await authenticateClient(client, tokenEndpoint)
  return postForm(openDoor(upstream), endpoint, parameters, proof)
}

function postForm(
  call: ReturnType<OpenDoor>,
  endpoint: string,
  parameters: TokenRequest['parameters'],
  proof: ClientProof,
): Promise<Response> {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...parameters, ...proof.parameters }))
    if (value !== undefined) form.set(name, value)
  return call(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...proof.headers },
    body: form.toString(),
    timeoutMs: tokenRequestTimeoutMs,
  })
}

/** What the request carries that nobody may read in an event. */
const secretParameters = [
  'code',
  'code_verifier',
  'refresh_token',
  'subject_token',
  'actor_token',
  'assertion',
  'client_secret',
  'client_assertion',
]

/** As a server may repeat them: plain, as the form has them, and as the header has them. */
function listSecrets(
  client: ClientAuthentication,
  parameters: TokenRequest['parameters'],
  { headers, parameters: proved }: ClientProof,
): readonly string[] {
  const sent = secretParameters.flatMap((name) => parameters[name] ?? proved[name] ?? [])
  const basic = headers['authorization']?.replace(/^Basic /, '')
  const secret = 'clientSecret' in client ? client.clientSecret.reveal() : undefined
  const plain = [...sent, basic, secret].filter((each) => each !== undefined)
  return plain.flatMap((each) => [each, encodeURIComponent(each)])
}

function nameEndpoint({ reason, details }: GatewayError, endpoint: string): GatewayError {
  const { host = '' } = URL.parse(endpoint) ?? {}
  return new GatewayError(reason, { ...details, detail: `token endpoint of ${host}: ${details.detail ?? ''}` })
}
