import { setTimeout as delay } from 'node:timers/promises'
import type { Era } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { clientCapabilitiesKey, clientInfoKey, protocolVersionKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { legacyVersions, modernVersions } from '../../mcp/protocol-versions.ts'
import { OwnCall } from './own-call.ts'
import { nobody } from './pending-call.ts'
import type { StdioSession } from './stdio-session.ts'

/** The program does not speak this era, as far as can be seen. */
export class OtherEra extends Error {}

/** What is said when the program speaks no era that it could be spoken to in. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof OtherEra)) return error
  return new GatewayError('upstream_protocol_error', {
    detail: `the program does not speak this era: ${error.message}`,
  })
}

const clientInfo = { name: 'sallyport', version: '1' }

/** What clients may be asked through the gateway. A client that cannot answer is not asked; the program hears so. */
const servedCapabilities = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } }

// A program of an older revision may never answer what it does not know (2026-07-28 §stdio).
const discoveryMs = 10_000

/** Begins the conversation with a program that has just been started. Rejects with `OtherEra`, or a `GatewayError`. */
export async function openSession(session: StdioSession, era: Era, timeoutMs: number): Promise<void> {
  if (era === 'modern') {
    const response = await ask(session, 'server/discover', modernParams(), Math.min(timeoutMs, discoveryMs))
    const { result } = response ?? {}
    if (!isJsonObject(result) || !offersModern(result)) throw new OtherEra()
    session.opened = result
    return
  }
  const params = { protocolVersion: legacyVersions[0], capabilities: servedCapabilities, clientInfo }
  const response = await ask(session, 'initialize', params, timeoutMs)
  if (response === undefined) {
    throw new GatewayError('upstream_timeout', { detail: 'the program did not answer initialize in time' })
  }
  if (!isJsonObject(response.result)) throw new OtherEra(errorText(response))
  session.opened = response.result
  session.tell({ jsonrpc: '2.0', method: 'notifications/initialized' })
}

function modernParams(): JsonObject {
  const _meta = { [protocolVersionKey]: modernVersions[0], [clientInfoKey]: clientInfo, [clientCapabilitiesKey]: {} }
  return { _meta }
}

function offersModern({ supportedVersions }: JsonObject): boolean {
  return Array.isArray(supportedVersions) && modernVersions.some((version) => supportedVersions.includes(version))
}

/** The response; undefined when there was none in time. */
async function ask(
  session: StdioSession,
  method: string,
  params: JsonObject,
  timeoutMs: number,
): Promise<JsonObject | undefined> {
  const over = new AbortController()
  const answered = new Promise<JsonObject>((resolve, reject) => {
    session.start(new OwnCall(nobody, true, resolve, reject), { jsonrpc: '2.0', method, params }, false)
  })
  // It may still fail when nobody waits for it any more.
  answered.catch(() => {})
  try {
    return await Promise.race([answered, delay(timeoutMs, undefined, { signal: over.signal })])
  } finally {
    over.abort()
  }
}

function errorText(response: JsonObject): string {
  return stringMember(objectMember(response, 'error') ?? {}, 'message')?.slice(0, 200) ?? ''
}
