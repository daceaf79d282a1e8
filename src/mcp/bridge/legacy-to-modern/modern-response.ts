import type { BufferedAnswer, StreamedAnswer } from '../../../contracts/handler.ts'
import { GatewayError } from '../../../errors/gateway-error.ts'
import { eventData, formatEvent } from '../../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import type { QueuedStream } from '../../queued-stream.ts'
import { legacyNotification } from './legacy-notification.ts'

const openBrace = 0x7b
/** About the gateway's credential or its rate, whatever the body says. */
const statusesOfTheHop: ReadonlySet<number> = new Set([401, 403, 429])

/** The JSON-RPC response to the request `id` in a buffered answer; undefined when it is something else. */
export function readResponse({ status, body }: BufferedAnswer, id: string): JsonObject | undefined {
  if (statusesOfTheHop.has(status) || body[0] !== openBrace) return undefined
  const response = parseMessage(body)
  return response !== undefined && answers(response, id) ? response : undefined
}

/** Throws when a buffered answer without the response is JSON-RPC all the same: under another id it could pass for the answer to another call. */
export function requireForeign({ status, body }: BufferedAnswer): void {
  if (statusesOfTheHop.has(status) || parseMessage(body) === undefined) return
  throw new GatewayError('upstream_protocol_error', { detail: 'the answer answers another request' })
}

/**
 * Hands the notifications of a stream on to the client until the response to the request `id` comes, which is returned. Rejects when the
 * stream ends without it, or with something that is not MCP.
 */
export function followStream(
  source: StreamedAnswer,
  id: string,
  tokens: { readonly client: unknown; readonly ours: string },
  client: QueuedStream,
): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    let isAnswered = false
    client.onResume = () => source.resume()
    source.read({
      onEvent(event) {
        const data = eventData(event)
        if (data === undefined) return true
        const message = parseMessage(data)
        if (isAnswered || message === undefined) {
          // The answer ends the stream (§streaming).
          reject(protocolError('is not JSON-RPC 2.0'))
          source.cancel()
          return true
        }
        if (answers(message, id)) {
          isAnswered = true
          resolve(message)
          return true
        }
        // 2026-07-28 has no requests of the server on a stream; what is not asked for in the result is not asked.
        if (typeof message.method !== 'string' || Object.hasOwn(message, 'id')) return true
        const notification = legacyNotification(message, tokens.client, tokens.ours)
        if (notification === undefined) return true
        return client.push(notification === message ? formatEvent(data) : formatEvent(JSON.stringify(notification)))
      },
      onEnd: (error) =>
        reject(error ?? new GatewayError('upstream_disconnected', { detail: 'the stream ended without an answer' })),
    })
  })
}

function parseMessage(data: Buffer): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(data.toString('utf8'))
    return isJsonObject(message) && message.jsonrpc === '2.0' ? message : undefined
  } catch {
    return undefined
  }
}

/** Errors about a message that could not be read carry no id. */
function answers(message: JsonObject, id: string): boolean {
  if (!Object.hasOwn(message, 'result') && !Object.hasOwn(message, 'error')) return false
  return message.id === id || (isJsonObject(message.error) && (message.id === undefined || message.id === null))
}

function protocolError(what: string): GatewayError {
  return new GatewayError('upstream_protocol_error', { detail: `an event of the answer ${what}` })
}
