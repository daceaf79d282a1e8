import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
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
  if (hop.credential) pushWithCredential(headers, exchange, hop.credential)
  else for (const [name, value] of exchange.upstreamHeaders.entries()) headers.push(name, value)
  return headers
}

/** The credential never enters `exchange.upstreamHeaders`, where policies could read it. */
function pushWithCredential(headers: string[], exchange: Exchange, credential: UpstreamCredential): void {
  const taken = credential.headers.map(([name]) => name.toLowerCase())
  for (const [name, value] of exchange.upstreamHeaders.entries()) if (!taken.includes(name)) headers.push(name, value)
  for (const [name, value] of credential.headers) headers.push(name.toLowerCase(), value)
}

function pushParameterHeaders(headers: string[], exchange: Exchange): void {
  for (const name in exchange.headers) {
    if (!name.startsWith('mcp-param-')) continue
    const value = exchange.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
}
