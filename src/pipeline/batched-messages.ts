import type { IncomingHttpHeaders } from 'node:http'
import type { McpMessage } from '../contracts/mcp.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { classifyMessage, idOf } from '../mcp/classify-message.ts'

/** One member of a batch, or why it is refused. */
export type BatchedMessage =
  | { readonly message: McpMessage }
  | { readonly refusal: GatewayError; readonly id: string | number | undefined }

const mostMessages = 50
const batchVersion = '2025-03-26'

/** Several messages that came as one array. */
export class BatchedMessages {
  readonly entries: readonly BatchedMessage[]

  constructor(entries: readonly BatchedMessage[]) {
    this.entries = entries
  }
}

/** True for a client of the only revision with batches, which is also meant when none is named (2025-06-18 §transport). */
export function mayBatch(headers: IncomingHttpHeaders): boolean {
  const version = headers['mcp-protocol-version']
  return version === undefined || version === batchVersion
}

/**
 * Takes a batch apart (2025-03-26 §batching). `check` says what is wrong with one message. Refused as a whole: none, too many, and what may not
 * be part of one (`initialize`).
 */
export function readBatch(
  body: readonly unknown[],
  headers: IncomingHttpHeaders,
  check: (message: McpMessage, text: string) => GatewayError | undefined,
): BatchedMessages | GatewayError {
  if (body.length === 0 || body.length > mostMessages) {
    return new GatewayError('message_batch', { message: `A batch has 1 to ${mostMessages} messages.` })
  }
  const entries = body.map((each): BatchedMessage => {
    // Written anew, so that there is only one way to read it.
    const text = JSON.stringify(each)
    const message = classifyMessage(headers, each, Buffer.from(text))
    if (message instanceof GatewayError) return { refusal: message, id: idOf(each) }
    const refusal = message.era === 'modern' ? new GatewayError('message_batch') : check(message, text)
    return refusal ? { refusal, id: message.id } : { message }
  })
  const begins = entries.some((entry) => 'message' in entry && entry.message.method === 'initialize')
  return begins
    ? new GatewayError('message_batch', { message: 'initialize cannot be part of a batch.' })
    : new BatchedMessages(entries)
}
