import { isUtf8 } from 'node:buffer'
import type { McpMessage } from '../contracts/mcp.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { readBody } from '../http/read-body.ts'
import { isJsonObject, objectMember } from '../lib/json.ts'
import { isAmbiguous } from '../mcp/check-ambiguity.ts'
import { isDepthWithin, isNestingWithin } from '../mcp/check-arguments.ts'
import { classifyMessage, idOf } from '../mcp/classify-message.ts'
import { type BatchedMessages, mayBatch, readBatch } from './batched-messages.ts'
import type { PipelineHost } from './route.ts'

/** A body that was read and may be refused: the id is echoed where there is one. */
export class RefusedMessage extends Error {
  readonly refusal: GatewayError
  readonly id: string | number | undefined

  constructor(refusal: GatewayError, id: string | number | undefined) {
    super(refusal.message)
    this.refusal = refusal
    this.id = id
  }
}

/** Far beyond what any message needs, and what the stack bears. The arguments of a call have a limit of their own. */
const deepestMessage = 2000

/**
 * Reads the body once, bounded, and says what it is. Throws a `GatewayError`, or a `RefusedMessage` when the body has an id
 * to echo.
 */
export async function receiveMessage(
  exchange: HttpExchange,
  host: PipelineHost,
): Promise<McpMessage | BatchedMessages> {
  const refusal = checkRepresentation(exchange)
  if (refusal) throw refusal
  const bytes = await readBody(exchange.request, host.limits.requestBodyBytes)
  exchange.bytesIn = bytes.length
  if (!isNestingWithin(bytes, deepestMessage)) {
    throw new GatewayError('message_invalid', { message: 'The message is nested too deeply.' })
  }
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined
  const body = text === undefined ? undefined : parseJson(text)
  if (text === undefined || body === undefined) throw new GatewayError('message_not_json')
  if (Array.isArray(body) && mayBatch(exchange.headers)) return receiveBatch(body, exchange, host)
  const message = classifyMessage(exchange.headers, body, bytes)
  if (message instanceof GatewayError) throw new RefusedMessage(message, idOf(body))
  const problem = checkAccept(exchange, message) ?? checkBody(message, text, host)
  if (problem) throw new RefusedMessage(problem, message.id)
  return message
}

function receiveBatch(body: readonly unknown[], exchange: HttpExchange, host: PipelineHost): BatchedMessages {
  const check = (message: McpMessage, text: string) => checkAccept(exchange, message) ?? checkBody(message, text, host)
  const batch = readBatch(body, exchange.headers, check)
  if (batch instanceof GatewayError) throw batch
  return batch
}

/** The id of a message that a policy refused before the body was read, for the error to echo. */
export async function readIdOnly(exchange: HttpExchange, host: PipelineHost): Promise<string | number | undefined> {
  try {
    const bytes = await readBody(exchange.request, host.limits.requestBodyBytes)
    return isNestingWithin(bytes, deepestMessage) ? idOf(parseJson(bytes.toString('utf8'))) : undefined
  } catch {
    return undefined
  }
}

function checkRepresentation(exchange: HttpExchange): GatewayError | undefined {
  const contentType = exchange.headers['content-type']
  // Almost always exactly this, so the comparison goes before the parsing.
  const isJson = contentType === 'application/json' || mediaTypeOf(contentType) === 'application/json'
  return isJson && exchange.headers['content-encoding'] === undefined
    ? undefined
    : new GatewayError('message_content_type')
}

function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase()
}

/** An answer may come as JSON or as a stream, so a client must take both. 2026-07-28 servers are lenient about it. */
function checkAccept(exchange: HttpExchange, message: McpMessage): GatewayError | undefined {
  const { accept } = exchange.headers
  if (message.era === 'modern' || accept === undefined || accept.includes('*/*')) return undefined
  return accept.includes('application/json') && accept.includes('text/event-stream')
    ? undefined
    : new GatewayError('message_not_acceptable')
}

function checkBody(message: McpMessage, text: string, host: PipelineHost): GatewayError | undefined {
  if (isAmbiguous(text, message.body)) {
    return new GatewayError('message_invalid', { message: 'The message repeats a member, or spells one in two ways.' })
  }
  const params = objectMember(message.body, 'params')
  const callArguments = params?.arguments
  if (!isJsonObject(callArguments)) return undefined
  const { argumentsBytes, argumentsDepth } = host.limits
  const tooLarge = text.length > argumentsBytes && Buffer.byteLength(JSON.stringify(callArguments)) > argumentsBytes
  if (!tooLarge && isDepthWithin(callArguments, argumentsDepth)) return undefined
  return new GatewayError('limit_arguments_exceeded', { data: { argumentsBytes, argumentsDepth } })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
