import { GatewayError } from '../../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'

const timeoutMs = 5000

/**
 * A metadata document; undefined where there is none: any 4xx, a redirect, or a web page in its place. Rejects with
 * `credential_provider_unreachable`, also when the server fails: a document that cannot be had now must not be mistaken for one that is absent.
 */
export async function readDocument(call: CallAuthorizationServer, url: string): Promise<JsonObject | undefined> {
  const headers = { accept: 'application/json', 'mcp-protocol-version': '2025-11-25' }
  const answer = await call(url, { method: 'GET', headers, body: undefined, timeoutMs })
  if (answer.status >= 500 || answer.status === 429) {
    const reason = answer.status === 429 ? 'credential_provider_busy' : 'credential_provider_unreachable'
    throw new GatewayError(reason, { detail: `${url} answered ${answer.status}` })
  }
  if (answer.status !== 200) return undefined
  const document: unknown = await answer.json().catch(() => undefined)
  return isJsonObject(document) ? document : undefined
}
