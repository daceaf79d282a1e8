import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import type { JsonObject } from '../../lib/json.ts'
import { randomId } from '../../lib/random-id.ts'
import { modernClientCapabilities } from '../../mcp/bridge/legacy-to-modern/client-capabilities.ts'
import type { HopExchange } from '../../mcp/bridge/legacy-to-modern/hop-exchange.ts'
import { addEnvelope, createModernRequest } from '../../mcp/bridge/legacy-to-modern/modern-request.ts'
import type { LegacyClient } from '../../mcp/client-session.ts'
import { readResponse } from '../../mcp/initialize-upstream.ts'
import type { Upstream } from './upstream.ts'

/** Whose request of 2026-07-28 it is, and under which credential it goes upstream. */
export interface ModernHop {
  readonly exchange: Exchange
  readonly credential: UpstreamCredential | undefined
  readonly client: LegacyClient
}

/** Whose answers they are: what one person sees under one credential is nobody else's. */
export function ownerOf({ exchange, credential }: ModernHop): string {
  const { subject, search } = exchange
  return JSON.stringify([credential?.identity, subject?.tenant, subject?.id, subject?.clientId, search])
}

/** Sends a request of the gateway's own, for its own use. `response`: undefined when the answer is no JSON-RPC. */
export async function askUpstream(
  upstream: Upstream,
  { method, params }: { readonly method: string; readonly params: JsonObject },
  { credential, client }: ModernHop,
  exchange: HopExchange,
): Promise<{ readonly answer: UpstreamAnswer; readonly response: JsonObject | undefined }> {
  const capabilities = modernClientCapabilities(client.capabilities, true)
  const envelope = { client, capabilities, logLevel: undefined, progressToken: undefined }
  const request = createModernRequest(method, addEnvelope(params, envelope), randomId())
  const answer = await upstream.send(request, exchange, { credential })
  return { answer, response: await readResponse(answer).catch(() => undefined) }
}
