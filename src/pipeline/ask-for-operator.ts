import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { McpAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { Subject } from '../contracts/subject.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { HttpExchange } from '../http/exchange.ts'
import { eventData } from '../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { createMessage } from '../mcp/classify-message.ts'
import { admitPart } from './admit-part.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import { answerPart } from './call-route.ts'
import { PartExchange } from './part-exchange.ts'
import { recordExchange } from './record-exchange.ts'
import type { PipelineHost, Route } from './route.ts'

/** A message that an operator sends to a virtual server from within the gateway. */
export interface OperatorCall {
  readonly method: string
  readonly params: JsonObject
  /** `Mcp-Param-*` for a tool that wants them, by lower-case name. */
  readonly parameterHeaders?: { readonly [name: string]: string } | undefined
  /** Who asks; nobody authenticates again. */
  readonly subject: Subject
  /** In the event, as the one that asked. */
  readonly via: string
  readonly clientInfo: { readonly name: string; readonly version: string }
  readonly clientAddress: string
  readonly signal: AbortSignal
}

/** What came of it. */
export interface OperatorAnswer {
  /** The JSON-RPC response; undefined with `error`. */
  readonly response: JsonObject | undefined
  readonly error: GatewayError | undefined
  /** Messages that came before the response. */
  readonly notifications: readonly JsonObject[]
  /** Also in the event. */
  readonly requestId: string
  readonly latencyMs: number
  readonly upstreamMs: number | undefined
}

const version = '2026-07-28'
const mostNotifications = 200

/** The exchange of a message that came over no connection. */
export function newOperatorExchange({ subject, via, clientAddress }: OperatorCall, route: Route): HttpExchange {
  const request = new IncomingMessage(new Socket())
  request.method = 'POST'
  request.httpVersion = '1.1'
  const place = { name: via, path: route.path, tenant: route.tenant }
  const exchange = new HttpExchange(request, new ServerResponse(request), place, route.path, '', clientAddress)
  exchange.subject = subject
  return exchange
}

/**
 * Asks a route in the place of a client of 2026-07-28: its policies except authentication, its credential, handler and event. Never rejects.
 */
export async function askForOperator(
  call: OperatorCall,
  whole: HttpExchange,
  route: Route,
  host: PipelineHost,
): Promise<OperatorAnswer> {
  const message = newMessage(call)
  const exchange = new PartExchange(
    { route: route.name, exchange: whole, message, parameterHeaders: call.parameterHeaders },
    route,
  )
  const finish = (outcome: AnswerOutcome) => recordExchange(exchange, route, message, outcome, host.recorder)
  const cancel = () => exchange.cancel()
  call.signal.addEventListener('abort', cancel, { once: true })
  const notifications: JsonObject[] = []
  const ended = (response: JsonObject | undefined, error: GatewayError | undefined): OperatorAnswer => ({
    response,
    error,
    notifications,
    requestId: exchange.requestId,
    latencyMs: performance.now() - whole.startedAtMs,
    upstreamMs: exchange.upstreamMs,
  })
  try {
    await admitPart(exchange, route, route)
    const answer = await answerPart({ call: callOf(message, whole, route), exchange, route, host, finish })
    return ended(await readAnswer(answer, message, notifications), undefined)
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.reason === 'gateway_error')
      host.log.error({ requestId: exchange.requestId, route: route.name, err: error }, 'unexpected error')
    finish(failed(error))
    return ended(undefined, error)
  } finally {
    call.signal.removeEventListener('abort', cancel)
  }
}

function callOf(message: McpMessage, exchange: HttpExchange, route: Route) {
  return { route: route.name, message, exchange }
}

function newMessage({ method, params, clientInfo }: OperatorCall): McpMessage {
  const given = isJsonObject(params['_meta']) ? params['_meta'] : {}
  const _meta = {
    ...given,
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }
  return createMessage({ era: 'modern', protocolVersion: version }, body)
}

/** The response, wherever in the answer it is. */
async function readAnswer(
  answer: McpAnswer,
  { id }: McpMessage,
  notifications: JsonObject[],
): Promise<JsonObject | undefined> {
  if (answer.kind === 'json') return parse(answer.body.toString('utf8'))
  return new Promise((resolve, reject) => {
    let response: JsonObject | undefined
    answer.read({
      onEvent(event) {
        const data = eventData(event)
        const message = data && parse(data.toString('utf8'))
        if (!message) return true
        if (message.id === id && message.method === undefined) response = message
        else if (notifications.length < mostNotifications) notifications.push(message)
        return true
      },
      onEnd(error) {
        if (error && response === undefined) reject(error)
        else resolve(response)
      },
    })
  })
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
