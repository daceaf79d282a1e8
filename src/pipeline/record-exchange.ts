import { performance } from 'node:perf_hooks'
import { type EventRecorder, type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { MessageTrace } from '../contracts/tracing.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { ReasonCode } from '../errors/reasons.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { formatStepMs, type StepPhase, timeSteps } from '../lib/steps.ts'
import { findMethod, type McpMethod } from '../mcp/methods.ts'
import type { AnswerOutcome } from './answer-outcome.ts'
import type { Route } from './route.ts'
import { beginTrace, traceIdOf } from './trace-message.ts'

/** What texts of natural and formal languages have on average; models differ by less than their prices do. */
const bytesPerToken = 4

/** Records the one event of an exchange, when its last byte is on the way. */
export function recordExchange(
  exchange: HttpExchange,
  route: Route,
  message: McpMessage | undefined,
  outcome: AnswerOutcome,
  recorder: EventRecorder,
): void {
  const declaration = message && findMethod(message.method, message.era)
  const event = newEvent(typeOf(message, declaration, outcome), Date.now(), exchange.requestId)
  event.virtualServer = route.name
  event.upstream = route.upstream
  event.via = exchange.via ?? null
  if (message) beginTrace(message, exchange, route.tracing)
  event.traceId = traceIdOf(message, exchange)
  event.tenant = exchange.tenant
  const { subject } = exchange
  if (subject) {
    event.subject = subject.id
    event.clientId = subject.clientId
    event.team = subject.team ?? null
  }
  event.credentialMode = route.credentialMode ?? null
  if (message) describeMessage(event, message, declaration, exchange)
  else if (outcome.status < 400) event.method = exchange.httpMethod
  describeOutcome(event, exchange, declaration, outcome)
  event.latencyMs = toMicroseconds(performance.now() - exchange.startedAtMs)
  event.upstreamMs = exchange.upstreamMs === undefined ? null : toMicroseconds(exchange.upstreamMs)
  event.bytesIn = exchange.bytesIn
  event.bytesOut = exchange.bytesOut
  if (declaration?.uses && outcome.error === undefined)
    event.resultTokens = Math.ceil(exchange.bytesOut / bytesPerToken)
  event.cached = exchange.cached
  if (outcome.error) noteRefusal(outcome.error, exchange, message)
  event.steps = exchange.steps.text
  event.stepMs = formatStepMs(exchange.stepTimes)
  recorder.record(event)
  if (message && exchange.trace) endTrace(exchange.trace, message, exchange, event, route)
}

/** What the clock says beyond that is noise, and takes room wherever events are kept. */
const toMicroseconds = (ms: number) => Math.round(ms * 1000) / 1000

function endTrace(
  trace: MessageTrace,
  message: McpMessage,
  exchange: HttpExchange,
  event: GatewayEvent,
  route: Route,
): void {
  const { startedAtMs, clientAddress } = exchange
  const steps = timeSteps(exchange.steps, exchange.stepTimes)
  const { httpVersion } = exchange.request
  const endedAtMs = performance.now()
  // A copy: a slice would keep the whole text alive, and with it the message.
  const messageId = message.id === undefined ? undefined : shorten(String(message.id), 200)
  route.tracing.tracer?.end(trace, { event, messageId, startedAtMs, endedAtMs, steps, httpVersion, clientAddress })
}

/** Records a request that ended before it came to a route. */
export function recordRefusal(error: GatewayError, requestId: string, recorder: EventRecorder): void {
  const event = newEvent('mcp_request_rejected', Date.now(), requestId)
  event.outcome = 'denied'
  event.failureOrigin = error.declaration.origin
  event.reason = error.reason
  event.httpStatus = error.status
  event.detail = error.details.detail ?? null
  recorder.record(event)
}

/** What no policy and no handler decided: the message could not be read, the answer was no answer, somebody went away. */
function noteRefusal(error: GatewayError, exchange: HttpExchange, message: McpMessage | undefined): void {
  const { last } = exchange.steps
  if (last?.decision === 'refused' || last?.decision === 'failed') return
  const decision = error.declaration.origin === 'client' ? 'refused' : 'failed'
  exchange.addStep(phaseOfRefusal(exchange, message), exchange.policy ?? '', decision, error.reason)
}

function phaseOfRefusal(exchange: HttpExchange, message: McpMessage | undefined): StepPhase {
  if (message === undefined) return exchange.bytesIn > 0 ? 'body' : 'request'
  const last = exchange.steps.last?.phase
  return last === 'upstream' || last === 'result' ? 'result' : 'message'
}

function typeOf(
  message: McpMessage | undefined,
  declaration: McpMethod | undefined,
  outcome: AnswerOutcome,
): EventType {
  // Streams and ends of sessions carry no message.
  if (message === undefined) return outcome.status < 400 ? 'mcp_request_completed' : 'mcp_request_rejected'
  if (outcome.error && connectReasons.has(outcome.error.reason)) return typeOfUnconnected(declaration)
  const failed = outcome.error !== undefined || outcome.isError === true || outcome.code !== undefined
  if (outcome.error?.declaration.origin === 'client' && outcome.error.reason !== 'request_cancelled')
    return 'mcp_request_rejected'
  if (declaration?.uses) return failed ? 'capability_failed' : 'capability_completed'
  if (declaration?.lists) return failed ? 'capability_failed' : 'capability_listed'
  return declaration?.negotiates ? 'mcp_request_negotiated' : 'mcp_request_completed'
}

/** What a person can end by connecting. The request itself was in order. */
const connectReasons: ReadonlySet<ReasonCode> = new Set([
  'connection_required',
  'connection_reconsent_required',
  'connection_scope_required',
  'connection_admin_required',
])

/** Lists and handshakes are answered all the same. */
function typeOfUnconnected(declaration: McpMethod | undefined): EventType {
  if (declaration?.lists) return 'capability_listed'
  if (declaration?.negotiates) return 'mcp_request_negotiated'
  return declaration?.uses ? 'capability_failed' : 'mcp_request_rejected'
}

function describeMessage(
  event: GatewayEvent,
  message: McpMessage,
  declaration: McpMethod | undefined,
  exchange: HttpExchange,
): void {
  event.method = shorten(message.method, 100) || null
  event.clientProtocol = message.protocolVersion === undefined ? null : shorten(message.protocolVersion, 100)
  const { upstreamProtocol } = exchange
  event.upstreamProtocol = upstreamProtocol === undefined ? event.clientProtocol : shorten(upstreamProtocol, 100)
  event.capability = message.name === undefined ? null : shorten(message.name, 1000)
  event.capabilityType = declaration?.uses ?? declaration?.lists?.type ?? null
  const { clientInfo } = message
  if (clientInfo) {
    event.clientName = shorten(clientInfo.name, 200)
    event.clientVersion = shorten(clientInfo.version, 100)
  }
}

/** Events are kept for weeks, so callers do not decide how large they are. A copy: a slice would keep the whole text alive. */
function shorten(text: string, length: number): string {
  return text.length <= length ? text : Buffer.from(text.slice(0, length)).toString('utf8')
}

function describeOutcome(
  event: GatewayEvent,
  exchange: HttpExchange,
  declaration: McpMethod | undefined,
  outcome: AnswerOutcome,
): void {
  event.httpStatus = outcome.status
  event.jsonRpcCode = outcome.code ?? null
  const { error } = outcome
  if (error) {
    event.reason = error.reason
    event.policy = exchange.policy ?? null
    event.detail = error.details.detail ?? null
    event.outcome = outcomeOfError(error)
    event.failureOrigin = event.outcome === 'partial' ? null : error.declaration.origin
  } else if (outcome.isError || outcome.code !== undefined) {
    event.outcome = 'application_error'
    event.failureOrigin = 'upstream'
    event.reason = declaration?.uses ? failureReason(outcome.code) : null
  } else if (outcome.inputRequired) event.outcome = 'partial'
}

function outcomeOfError({ reason, declaration }: GatewayError): GatewayEvent['outcome'] {
  if (reason === 'request_cancelled') return 'cancelled'
  if (connectReasons.has(reason)) return 'connect_required'
  // Every sign-in begins with it: a client learns from the answer where to go (RFC 9728 §5.1).
  if (reason === 'token_missing') return 'partial'
  return declaration.origin === 'client' ? 'denied' : 'failure'
}

/** Codes by which servers of the different revisions say that a name or its arguments are wrong. */
function failureReason(code: number | undefined): ReasonCode {
  return code === -32601 || code === -32602 || code === -32002 ? 'capability_unknown' : 'capability_failed'
}
