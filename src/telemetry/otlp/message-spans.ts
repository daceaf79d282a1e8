import type { GatewayEvent } from '../../analytics/event.ts'
import type { EndedMessage, MessageTrace } from '../../contracts/tracing.ts'
import { randomId } from '../../lib/random-id.ts'
import type { SpanContext } from '../../lib/trace-context.ts'
import { errorTypeOf } from '../event-counts.ts'
import { type OtlpAttribute, toAttributes, toEpochMs, toNanoseconds } from './otlp-json.ts'

/** A span as OTLP/JSON has it. Ids are hexadecimal. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string | undefined
  readonly flags: number
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: 1 | 2 | 3
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly OtlpAttribute[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[] | undefined
  /** Left out for success: 2 is an error. */
  readonly status?: { readonly code: 2; readonly message?: string | undefined } | undefined
}

export interface SpanOptions {
  /** Whether spans name the subject and the address of the client. */
  readonly people: boolean
}

/** The spans of one message: one of the server, one for each policy, one of the client toward the upstream (MCP semantic conventions). */
export function toSpans(trace: MessageTrace, ended: EndedMessage<GatewayEvent>, options: SpanOptions): OtlpSpan[] {
  const server = toServerSpan(trace, ended, options)
  const policies = ended.steps.flatMap((step) => (step.name === '' ? [] : [toPolicySpan(trace, step)]))
  const upstream = toUpstreamSpan(trace, ended)
  return upstream ? [server, ...policies, upstream] : [server, ...policies]
}

const maxNameLength = 200

function toServerSpan(
  trace: MessageTrace,
  { event, messageId, startedAtMs, endedAtMs, httpVersion, clientAddress }: EndedMessage<GatewayEvent>,
  { people }: SpanOptions,
): OtlpSpan {
  const errorType = errorTypeOf(event)
  return {
    ...place(trace, trace.spanId, trace.parentSpanId, startedAtMs, endedAtMs),
    name: nameOf(event),
    kind: 2,
    attributes: toAttributes({
      ...describeMessage(event, messageId),
      'mcp.protocol.version': event.clientProtocol,
      'error.type': errorType,
      'rpc.response.status_code': event.jsonRpcCode === null ? null : String(event.jsonRpcCode),
      'network.protocol.version': httpVersion,
      'http.response.status_code': event.httpStatus,
      'client.address': people ? clientAddress : null,
      'user.id': people ? event.subject : null,
      'sallyport.request_id': event.requestId,
      'sallyport.virtual_server': event.virtualServer,
      'sallyport.tenant': event.tenant,
      'sallyport.outcome': event.outcome,
      'sallyport.reason': event.reason,
      'sallyport.failure_origin': event.failureOrigin,
      'sallyport.cached': event.cached ? true : null,
      'sallyport.client.name': event.clientName,
      'sallyport.client.version': event.clientVersion,
    }),
    links: trace.link && [{ traceId: trace.link.traceId, spanId: trace.link.spanId }],
    status: errorType === '' ? undefined : { code: 2, message: event.reason ?? undefined },
  }
}

function toPolicySpan(trace: MessageTrace, step: EndedMessage<unknown>['steps'][number]): OtlpSpan {
  return {
    ...place(trace, newSpanId(), trace.spanId, step.startMs, step.endMs),
    name: `policy ${step.name}`.slice(0, maxNameLength),
    kind: 1,
    attributes: toAttributes({
      'sallyport.policy.name': step.name,
      'sallyport.policy.phase': step.phase,
      'sallyport.policy.decision': step.decision,
      'sallyport.policy.detail': step.detail,
    }),
    status: step.decision === 'failed' ? { code: 2, message: step.detail } : undefined,
  }
}

/** Undefined where nobody upstream was asked. */
function toUpstreamSpan(
  trace: MessageTrace,
  { event, messageId, steps, endedAtMs }: EndedMessage<GatewayEvent>,
): OtlpSpan | undefined {
  const step = steps.find(({ phase }) => phase === 'upstream')
  const wasAsked = (event.upstreamMs ?? 0) > 0 || (step?.decision === 'failed' && event.failureOrigin === 'upstream')
  if (step === undefined || !wasAsked) return undefined
  // What the client did wrong is an error of the one who asked: here that is the gateway.
  const errorType =
    step.decision === 'failed'
      ? step.detail
      : event.outcome === 'application_error'
        ? String(event.jsonRpcCode ?? 'tool_error')
        : undefined
  // Streams go on after the first byte, until the answer ends.
  const endMs = Math.max(step.endMs, endedAtMs - afterUpstreamMs(steps, step.endMs))
  return {
    ...place(trace, trace.upstreamSpanId, trace.spanId, step.startMs, endMs),
    name: nameOf(event),
    kind: 3,
    attributes: toAttributes({
      ...describeMessage(event, messageId),
      'mcp.protocol.version': event.upstreamProtocol,
      'error.type': errorType,
      'rpc.response.status_code':
        errorType !== undefined && event.failureOrigin === 'upstream' && event.jsonRpcCode !== null
          ? String(event.jsonRpcCode)
          : null,
      ...describePeer(event.upstream ?? ''),
      'sallyport.credential_mode': event.credentialMode,
    }),
    status: errorType === undefined ? undefined : { code: 2, message: event.reason ?? undefined },
  }
}

/** What policies did with the result, after the upstream had answered. */
function afterUpstreamMs(steps: EndedMessage<unknown>['steps'], answeredMs: number): number {
  return steps.reduce((sum, { startMs, endMs }) => (startMs >= answeredMs ? sum + endMs - startMs : sum), 0)
}

function describeMessage(event: GatewayEvent, messageId: string | undefined) {
  const { capabilityType, capability, method } = event
  const used = method === 'tools/call' || method === 'prompts/get' || method === 'resources/read'
  return {
    'mcp.method.name': method,
    'gen_ai.tool.name': used && capabilityType === 'tool' ? capability : null,
    'gen_ai.prompt.name': used && capabilityType === 'prompt' ? capability : null,
    'mcp.resource.uri': used && capabilityType === 'resource' ? capability : null,
    'gen_ai.operation.name': method === 'tools/call' ? 'execute_tool' : null,
    'jsonrpc.request.id': messageId,
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
  }
}

/** `{mcp.method.name} {target}`; a URI would be too many names. */
function nameOf({ method, capability, capabilityType }: GatewayEvent): string {
  const target = capabilityType === 'resource' ? null : capability
  return (target === null ? (method ?? 'unknown') : `${method} ${target}`).slice(0, maxNameLength).toWellFormed()
}

function place(trace: SpanContext, spanId: string, parentSpanId: string | undefined, startMs: number, endMs: number) {
  return {
    traceId: trace.traceId,
    spanId,
    parentSpanId,
    flags: trace.sampled ? 1 : 0,
    startTimeUnixNano: toNanoseconds(toEpochMs(startMs)),
    endTimeUnixNano: toNanoseconds(toEpochMs(Math.max(startMs, endMs))),
  }
}

/** Random, and never all zeros in any world that lasts. */
export function newSpanId(): string {
  return randomId().slice(0, 16)
}

/** Where the upstream is. Programs are asked through their standard input, members of an aggregate within the gateway. */
function describePeer(upstream: string) {
  const [, host, port] = /^(.*):(\d+)$/.exec(upstream) ?? []
  if (host !== undefined) return { 'server.address': host, 'server.port': Number(port) }
  if (upstream.startsWith('stdio:')) return { 'network.transport': 'pipe', 'network.protocol.name': null }
  if (upstream.startsWith('members:')) return { 'network.transport': null, 'network.protocol.name': null }
  return { 'server.address': upstream }
}
