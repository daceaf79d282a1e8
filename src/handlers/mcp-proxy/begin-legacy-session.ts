import { GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, stringMember } from '../../lib/json.ts'
import type { LegacyClient } from '../../mcp/client-session.ts'
import { initializeMessage, readResponse } from '../../mcp/initialize-upstream.ts'
import { LegacySession, type UpstreamCaller } from './legacy-session.ts'
import type { Upstream } from './upstream.ts'
import { buildSessionHeaders } from './upstream-headers.ts'

/** The upstream answered `initialize` with something else than a result. */
export class RefusedHandshake extends Error {
  readonly answer: UpstreamAnswer

  constructor(answer: UpstreamAnswer) {
    super(`the upstream answered initialize with ${answer.status}`)
    this.answer = answer
  }
}

const noSession = { id: undefined, protocolVersion: undefined }

/** Begins a session upstream. Rejects with `RefusedHandshake`, or an `upstream_…` reason. */
export async function beginLegacySession(
  upstream: Upstream,
  client: LegacyClient,
  caller: UpstreamCaller,
): Promise<LegacySession> {
  const headers = buildSessionHeaders(caller, noSession, 'application/json, text/event-stream')
  headers.push('content-type', 'application/json')
  const { search, credential } = caller
  const answer = await upstream.initialize(initializeMessage(client), credential, { headers, search })
  if (answer.status !== 200) {
    discardAnswer(answer)
    throw new RefusedHandshake(answer)
  }
  const { result, error } = await readResponse(answer)
  if (isJsonObject(error)) throw new RefusedHandshake(answer)
  if (!isJsonObject(result)) throw new GatewayError('upstream_protocol_error', { detail: 'initialize has no result' })
  const id = answer.responseHeaders['mcp-session-id']
  const session = new LegacySession(
    upstream,
    {
      id: typeof id === 'string' ? id : undefined,
      protocolVersion: stringMember(result, 'protocolVersion'),
      initialized: result,
    },
    caller,
  )
  await session.tell({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return session
}
