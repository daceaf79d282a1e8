import type { Pool } from 'undici'
import { GatewayError } from '../errors/gateway-error.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { sendUpstream, type UpstreamAnswer, type UpstreamLimits } from './send-upstream.ts'
import { eventData } from './split-events.ts'

/** An answer read to its end: the response with the id that was asked for, if one came. */
export interface JsonRpcAnswer {
  readonly status: number
  readonly headers: UpstreamAnswer['responseHeaders']
  readonly response: JsonObject | undefined
}

/**
 * POSTs one message to an upstream and waits for its response, in JSON or in an event stream, whichever comes. For commands; calls of
 * clients stream. Rejects with an `upstream_…` GatewayError.
 */
export async function postJsonRpc(
  pool: Pool,
  path: string,
  message: JsonObject,
  headers: { readonly [name: string]: string },
  limits: UpstreamLimits,
): Promise<JsonRpcAnswer> {
  const body = Buffer.from(JSON.stringify(message))
  const standard = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const flat = Object.entries({ ...standard, ...headers }).flat()
  const { answer } = sendUpstream(pool, { path, headers: flat, body }, limits)
  const received = await answer
  const response = received.kind === 'json' ? parse(received.body) : await readStream(received, message.id)
  return { status: received.status, headers: received.responseHeaders, response }
}

function readStream(answer: Extract<UpstreamAnswer, { kind: 'stream' }>, id: unknown): Promise<JsonObject | undefined> {
  return new Promise((resolve, reject) => {
    let found: JsonObject | undefined
    answer.read({
      onEvent(event) {
        const data = eventData(event)
        const message = data && parse(data)
        if (message?.id !== id || (message?.result === undefined && message?.error === undefined)) return true
        found = message
        // Some servers leave the stream open.
        answer.cancel()
        resolve(found)
        return false
      },
      onEnd(error) {
        if (error && found === undefined) reject(error)
        else resolve(found)
      },
    })
  })
}

function parse(bytes: Buffer): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'))
    return isJsonObject(message) ? message : undefined
  } catch {
    return undefined
  }
}

/** The `result` of an answer. Throws `upstream_protocol_error` with what the upstream said instead. */
export function resultOf({ status, response }: JsonRpcAnswer): JsonObject {
  if (isJsonObject(response?.result)) return response.result
  const error = isJsonObject(response?.error) ? response.error : undefined
  const said = typeof error?.message === 'string' ? `: ${error.message.slice(0, 200)}` : ''
  throw new GatewayError('upstream_protocol_error', { detail: `answers ${status}${said}` })
}
