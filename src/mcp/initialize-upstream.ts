import type { McpAnswer } from '../contracts/handler.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { eventData } from '../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { LegacyClient } from './client-session.ts'
import { agreeOnLegacyVersion } from './protocol-versions.ts'

/** `initialize` with what the client said of itself. */
export function initializeMessage({ clientInfo, capabilities, ...client }: LegacyClient): JsonObject {
  const protocolVersion = agreeOnLegacyVersion(client.protocolVersion)
  return {
    jsonrpc: '2.0',
    id: 'initialize',
    method: 'initialize',
    params: { protocolVersion, capabilities, clientInfo },
  }
}

/** The JSON-RPC response in an answer. Throws `upstream_protocol_error` when there is none. */
export async function readResponse(answer: McpAnswer): Promise<JsonObject> {
  const body = answer.kind === 'json' ? answer.body : await findResponse(answer)
  let response: unknown
  try {
    response = JSON.parse(body.toString('utf8'))
  } catch {
    throw noHandshake('an answer that is not JSON')
  }
  if (!isJsonObject(response)) throw noHandshake('an answer that is not a JSON object')
  return response
}

/** The `result` of an answer. Throws `upstream_protocol_error` when there is none. */
export async function readResult(answer: McpAnswer): Promise<JsonObject> {
  const { result } = await readResponse(answer)
  if (!isJsonObject(result)) throw noHandshake('an error')
  return result
}

/** The first message of a stream that is a response; requests and notifications before it are not for the gateway. */
function findResponse(stream: Extract<McpAnswer, { kind: 'stream' }>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.read({
      onEvent(event) {
        const data = eventData(event)
        if (data !== undefined && (data.includes('"result"') || data.includes('"error"'))) {
          resolve(Buffer.from(data))
          stream.cancel()
        }
        return true
      },
      onEnd: (error) => reject(error ?? noHandshake('no answer')),
    })
  })
}

function noHandshake(what: string): GatewayError {
  return new GatewayError('upstream_protocol_error', { detail: `initialize was answered with ${what}` })
}
