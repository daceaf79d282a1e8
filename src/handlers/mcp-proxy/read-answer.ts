import type { UpstreamRefusal } from '../../contracts/credential.ts'
import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject } from '../../lib/json.ts'
import { acceptedAnswer } from '../../mcp/own-answer.ts'

const openBrace = 0x7b

/**
 * What an upstream's HTTP answer means for the caller. JSON-RPC passes unchanged, also under the error statuses that MCP uses.
 * Its 401 and 403 are about the gateway's credential and never reach the caller as such: a client would sign in again, in vain.
 */
export function readAnswer(answer: UpstreamAnswer, message: McpMessage, inSession: boolean): McpAnswer | GatewayError {
  const { status } = answer
  if (status === 401 || status === 403) return refuse(answer, 'upstream_unauthorized')
  if (status === 429) return refuse(answer, 'upstream_rate_limited', retryAfter(answer))
  if (answer.kind === 'stream') {
    if (status === 200 && message.kind === 'request') return answer
    if (status !== 200) return refuse(answer, 'upstream_refused')
    answer.cancel()
    return acceptedAnswer
  }
  // The upstream forgot the session; 404 makes the client initialize again (2025-11-25 §session management).
  if (status === 404 && inSession) return refuse(answer, 'session_unknown')
  if (message.kind !== 'request') return status < 300 ? answer : refuse(answer, 'upstream_refused')
  if (isJsonRpcCandidate(answer))
    return status === 200 || isJsonRpcError(answer.body) ? answer : refuse(answer, 'upstream_refused')
  return refuse(
    answer,
    status < 300 ? 'upstream_protocol_error' : 'upstream_refused',
    status === 503 ? retryAfter(answer) : {},
  )
}

/**
 * What the upstream says against the credential: 401, or 403 that asks for more scopes. Undefined for every other answer, also for a 403
 * that no other credential of the same person would change. Nothing was done upstream, so the call may be sent again.
 */
export function findCredentialRefusal({ status, responseHeaders }: UpstreamAnswer): UpstreamRefusal | undefined {
  if (status !== 401 && status !== 403) return undefined
  // Repeated headers arrive as a list, whatever the type says.
  const header = responseHeaders['www-authenticate'] as string | string[] | undefined
  const challenge = Array.isArray(header) ? header.join(', ') : header
  if (status === 401) return { status, challenge }
  return challenge !== undefined && /\berror="?insufficient_scope\b/i.test(challenge)
    ? { status, challenge }
    : undefined
}

/** True when the body may be JSON-RPC. */
export function isJsonRpcCandidate(answer: UpstreamAnswer): boolean {
  return (
    answer.kind === 'json' &&
    answer.body[0] === openBrace &&
    answer.responseHeaders['content-encoding'] === undefined &&
    (answer.responseHeaders['content-type']?.startsWith('application/json') ?? false)
  )
}

function isJsonRpcError(body: Buffer): boolean {
  const parsed = parseJson(body)
  return isJsonObject(parsed) && parsed.jsonrpc === '2.0' && isJsonObject(parsed.error)
}

/** Undefined for what is not JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function retryAfter(answer: UpstreamAnswer): { [name: string]: string } {
  const seconds = answer.responseHeaders['retry-after']
  return typeof seconds === 'string' ? { 'retry-after': seconds } : {}
}

function refuse(
  answer: UpstreamAnswer,
  reason:
    | 'upstream_unauthorized'
    | 'upstream_rate_limited'
    | 'upstream_refused'
    | 'upstream_protocol_error'
    | 'session_unknown',
  headers: { [name: string]: string } = {},
): GatewayError {
  if (answer.kind === 'stream') answer.cancel()
  const contentType = answer.responseHeaders['content-type'] ?? 'no content type'
  return new GatewayError(reason, { detail: `upstream answered ${answer.status} with ${contentType}`, headers })
}
