import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { eventData, formatEvent } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import {
  type ExposedMember,
  exposeError,
  exposeResult,
  exposeServerMessage,
} from '../../mcp/aggregate/expose-result.ts'

/** The answer of a member as the client of the aggregate sees it. Throws `upstream_protocol_error` for what is not JSON-RPC. */
export function exposeAnswer(answer: McpAnswer, message: McpMessage, member: ExposedMember): McpAnswer {
  if (answer.kind === 'json') {
    if (answer.body.length === 0) return answer
    return { ...answer, body: expose(answer.body, message, member) }
  }
  return {
    kind: 'stream',
    status: answer.status,
    headers: answer.headers,
    upstreamMs: answer.upstreamMs,
    resume: () => answer.resume(),
    cancel: () => answer.cancel(),
    read: (reader) => {
      let failed = false
      answer.read({
        onEvent(event) {
          const data = failed ? undefined : eventData(event)
          if (data === undefined) return true
          try {
            return reader.onEvent(formatEvent(expose(data, message, member)))
          } catch (error) {
            failed = true
            reader.onEnd(error instanceof Error ? error : new Error(String(error)))
            answer.cancel()
            return true
          }
        },
        onEnd: (error) => {
          if (!failed) reader.onEnd(error)
        },
      })
    },
  }
}

function expose(bytes: Buffer, message: McpMessage, member: ExposedMember): Buffer {
  const sent = parse(bytes)
  if (isJsonObject(sent.result)) {
    return Buffer.from(JSON.stringify({ ...sent, result: exposeResult(message.method, sent.result, member) }))
  }
  if (isJsonObject(sent.error)) {
    return Buffer.from(JSON.stringify({ ...sent, error: exposeError(sent.error, member) }))
  }
  return typeof sent.method === 'string' ? Buffer.from(JSON.stringify(exposeServerMessage(sent, member))) : bytes
}

function parse(bytes: Buffer): JsonObject {
  try {
    const sent: unknown = JSON.parse(bytes.toString('utf8'))
    if (isJsonObject(sent)) return sent
  } catch {
    // Said below.
  }
  throw new GatewayError('upstream_protocol_error', { detail: 'the answer of a member is not JSON-RPC' })
}
