import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'

const encodeSentinel = (value: string): string =>
  plainValue.test(value) && !value.startsWith('=?base64?')
    ? value
    : `=?base64?${Buffer.from(value).toString('base64')}?=`

// Visible ASCII with inner blanks; anything else travels in the Base64 sentinel.
const plainValue = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/

/**
 * The headers of one upstream request, as a flat list. Every per-hop header is computed from the message itself, which policies
 * may have edited; from the client come only `Mcp-Param-*`, which must pass (2026-07-28 §headers), and what the exchange allows.
 */
export function buildUpstreamHeaders(message: McpMessage, exchange: Exchange, sessionId: string | undefined): string[] {
  const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']
  if (message.protocolVersion !== undefined) headers.push('mcp-protocol-version', message.protocolVersion)
  if (sessionId !== undefined) headers.push('mcp-session-id', sessionId)
  if (message.era === 'modern' && message.kind === 'request') {
    headers.push('mcp-method', message.method)
    if (message.name !== undefined) headers.push('mcp-name', encodeSentinel(message.name))
    if (message.method === 'tools/call') pushParameterHeaders(headers, exchange)
  }
  for (const [name, value] of exchange.upstreamHeaders.entries()) headers.push(name, value)
  return headers
}

function pushParameterHeaders(headers: string[], exchange: Exchange): void {
  for (const name in exchange.headers) {
    if (!name.startsWith('mcp-param-')) continue
    const value = exchange.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
}
