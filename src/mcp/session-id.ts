import type { Exchange } from '../contracts/exchange.ts'
import type { TokenSealer } from '../lib/seal-token.ts'

/**
 * The `Mcp-Session-Id` a legacy client receives: the upstream's own id, sealed for this subject, client and route. Possession
 * of it is not authentication: presented by anybody else it does not open, which reads as an unknown session (404).
 */
export function sealSessionId(sealer: TokenSealer, upstreamSessionId: string, exchange: Exchange): string {
  return sealer.seal(upstreamSessionId, sessionContext(exchange))
}

/** The upstream's session id, or undefined when the sealed one is not this subject's, client's and route's. */
export function openSessionId(sealer: TokenSealer, sessionId: string, exchange: Exchange): string | undefined {
  return sealer.open(sessionId, sessionContext(exchange))
}

function sessionContext(exchange: Exchange): string {
  const { subject } = exchange
  return JSON.stringify(['mcp-session', exchange.routeName, exchange.tenant, subject?.id, subject?.clientId])
}
