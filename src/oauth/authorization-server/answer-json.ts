import type { ServerResponse } from 'node:http'
import type { ReasonCode } from '../../errors/reasons.ts'

/** Headers that let browser-based clients use an endpoint (no cookies are involved). */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
} as const

/** Answers a CORS preflight. */
export function answerPreflight(response: ServerResponse, methods: string): void {
  const headers = {
    ...corsHeaders,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': 'Authorization, Content-Type, Accept, MCP-Protocol-Version',
    'access-control-max-age': '3600',
  }
  response.writeHead(204, headers).end()
}

/** Answers JSON. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: { readonly [name: string]: string } = {},
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    'x-content-type-options': 'nosniff',
    ...corsHeaders,
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

/** An error of an OAuth endpoint (RFC 6749 §5.2) with our reason. */
export interface OAuthError {
  readonly status: number
  readonly error: string
  readonly description: string
  readonly reason: ReasonCode
}

/** Answers an OAuth error as JSON, never cached. */
export function answerOAuthError(
  response: ServerResponse,
  error: OAuthError,
  requestId: string,
  headers: { readonly [name: string]: string } = {},
): void {
  const body = { error: error.error, error_description: error.description, reason: error.reason, request_id: requestId }
  answerJson(response, error.status, body, { 'cache-control': 'no-store', ...headers })
}
