import { STATUS_CODES } from '../lib/node-http.ts'
import type { GatewayError } from './gateway-error.ts'

/** An error as bytes. */
export interface RenderedError {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Which form the caller understands: a JSON-RPC error on MCP routes, problem details (RFC 9457) elsewhere. */
export type ErrorForm = 'json-rpc' | 'problem'

/**
 * The only place that turns an error into bytes, and so decides what the caller may know: the reason with its public sentence
 * and data, the request id; never `detail`, the cause or a stack.
 */
export function renderError(
  error: GatewayError,
  form: ErrorForm,
  requestId: string,
  id?: string | number,
): RenderedError {
  return form === 'json-rpc'
    ? { status: error.status, contentType: 'application/json', body: jsonRpcError(error, requestId, id) }
    : { status: error.status, contentType: 'application/problem+json', body: problemDetails(error, requestId) }
}

/** The JSON-RPC error message. Without a known id the member is left out (2025-11-25 and 2026-07-28 §errors). */
export function jsonRpcError(error: GatewayError, requestId: string, id: string | number | undefined): string {
  const data = { reason: error.reason, requestId, ...error.details.data }
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: error.code, message: error.message, data } })
}

function problemDetails(error: GatewayError, requestId: string): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    reason: error.reason,
    requestId,
    ...error.details.data,
  })
}
