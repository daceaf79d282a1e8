import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange, UpstreamHeaders } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { encodeHeaderValue } from '../../mcp/encode-header-value.ts'

/** What a message carries on its way to the upstream besides itself. */
export interface UpstreamHop {
  /** The upstream's own session id. */
  readonly sessionId?: string | undefined
  /** What was agreed with the upstream, where that is not what the client says. */
  readonly protocolVersion?: string | undefined
  /** Its headers go before those of the same name that policies set or the client sent. */
  readonly credential?: UpstreamCredential | undefined
}

/**
 * The headers of one upstream request, as a flat list. Every per-hop header is computed from the message itself, which policies
 * may have edited; from the client come only `Mcp-Param-*`, which must pass (2026-07-28 §headers), and what the exchange allows.
 */
export function buildUpstreamHeaders(message: McpMessage, exchange: Exchange, hop: UpstreamHop): string[] {
  const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']
  const protocolVersion = hop.protocolVersion ?? message.protocolVersion
  if (protocolVersion !== undefined) headers.push('mcp-protocol-version', protocolVersion)
  if (hop.sessionId !== undefined) headers.push('mcp-session-id', hop.sessionId)
  if (message.era === 'modern' && message.kind === 'request') {
    headers.push('mcp-method', message.method)
    if (message.name !== undefined) headers.push('mcp-name', encodeHeaderValue(message.name))
    if (message.method === 'tools/call') pushParameterHeaders(headers, exchange)
  }
  pushCallerHeaders(headers, exchange.upstreamHeaders, hop.credential)
  return headers
}

/** The headers of a request within a session of an older revision that the gateway itself opened. */
export function buildSessionHeaders(
  caller: { readonly upstreamHeaders: UpstreamHeaders; readonly credential: UpstreamCredential | undefined },
  session: { readonly id: string | undefined; readonly protocolVersion: string | undefined },
  accept: string,
): string[] {
  const headers = ['accept', accept]
  if (session.protocolVersion !== undefined) headers.push('mcp-protocol-version', session.protocolVersion)
  if (session.id !== undefined) headers.push('mcp-session-id', session.id)
  pushCallerHeaders(headers, caller.upstreamHeaders, caller.credential)
  return headers
}

function pushCallerHeaders(
  headers: string[],
  shaped: UpstreamHeaders,
  credential: UpstreamCredential | undefined,
): void {
  if (credential) pushWithCredential(headers, shaped, credential)
  else for (const [name, value] of shaped.entries()) headers.push(name, value)
}

/** The credential never enters `exchange.upstreamHeaders`, where policies could read it. */
function pushWithCredential(headers: string[], shaped: UpstreamHeaders, credential: UpstreamCredential): void {
  const taken = credential.headers.map(([name]) => name.toLowerCase())
  for (const [name, value] of shaped.entries()) if (!taken.includes(name)) headers.push(name, value)
  for (const [name, value] of credential.headers) headers.push(name.toLowerCase(), value)
}

function pushParameterHeaders(headers: string[], exchange: Exchange): void {
  for (const name in exchange.headers) {
    if (!name.startsWith('mcp-param-')) continue
    const value = exchange.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
}
