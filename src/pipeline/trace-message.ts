import type { GatewayEvent } from '../analytics/event.ts'
import type { PropagationMode } from '../config/settings/telemetry.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { MessageTrace, MessageTracer } from '../contracts/tracing.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { isJsonObject, type JsonObject, objectMember, omitMembers } from '../lib/json.ts'
import { formatTraceparent, parseTraceparent, type SpanContext } from '../lib/trace-context.ts'

/** How a route is traced. */
export interface RouteTracing {
  /** What the upstream is told of the trace. */
  readonly propagation: PropagationMode
  /** Undefined: nothing is exported. */
  readonly tracer: MessageTracer<GatewayEvent> | undefined
}

/** What upstreams are never told, by mode. Members of `params._meta` (SEP-414) have the names of the headers. */
const withheld: { readonly [Mode in PropagationMode]: readonly string[] } = {
  none: ['traceparent', 'tracestate', 'baggage'],
  trace: ['baggage'],
  all: [],
}

/** The headers of a client that a route passes on, in the mode of its traces. What the operator listed by name stays. */
export function forwardedHeaders(handlers: readonly string[], propagation: PropagationMode): readonly string[] {
  if (!handlers.includes('traceparent')) return handlers
  if (propagation === 'all') return [...new Set([...handlers, 'baggage'])]
  return propagation === 'none' ? handlers.filter((name) => name !== 'traceparent' && name !== 'tracestate') : handlers
}

/** Begins the span of a message, once. The trace in the message goes before that of HTTP, which is linked to where they differ. */
export function beginTrace(
  message: McpMessage,
  exchange: HttpExchange,
  { tracer }: RouteTracing,
): MessageTrace | undefined {
  if (tracer === undefined || exchange.trace) return exchange.trace
  const { ofMessage, ofHttp } = readContexts(message, exchange)
  const parent = exchange.parentTrace ?? ofMessage ?? ofHttp
  exchange.trace = tracer.begin(parent, ofHttp && ofHttp.spanId !== parent?.spanId ? ofHttp : undefined)
  return exchange.trace
}

/** Before the upstream is asked: what it is told of the trace, in headers and in `_meta`, and what it is not. */
export function propagateTrace(message: McpMessage, exchange: HttpExchange, tracing: RouteTracing): void {
  const trace = beginTrace(message, exchange, tracing)
  const meta = metaOf(message)
  const secret = withheld[tracing.propagation]
  const isLeaking = meta !== undefined && secret.some((name) => Object.hasOwn(meta, name))
  const traceparent =
    trace?.sampled === true && tracing.propagation !== 'none' ? describeUpstreamSpan(trace) : undefined
  if (traceparent !== undefined) exchange.upstreamHeaders.set('traceparent', traceparent)
  const tells = traceparent !== undefined && message.kind === 'request'
  if (!isLeaking && !tells) return
  const params = objectMember(message.body, 'params')
  const kept = omitMembers(meta ?? {}, ...secret)
  message.edit({
    ...message.body,
    params: { ...params, _meta: tells ? { ...kept, traceparent } : kept },
  })
}

/** The trace that an event belongs to. */
export function traceIdOf(message: McpMessage | undefined, exchange: HttpExchange): string | null {
  if (exchange.trace) return exchange.trace.traceId
  const { ofMessage, ofHttp } = readContexts(message, exchange)
  return (ofMessage ?? ofHttp)?.traceId ?? null
}

function describeUpstreamSpan({ traceId, upstreamSpanId, sampled }: MessageTrace): string {
  return formatTraceparent({ traceId, spanId: upstreamSpanId, sampled })
}

function readContexts(
  message: McpMessage | undefined,
  { headers }: HttpExchange,
): { readonly ofMessage: SpanContext | undefined; readonly ofHttp: SpanContext | undefined } {
  const meta = message && metaOf(message)
  return { ofMessage: readContext(meta?.traceparent), ofHttp: readContext(headers.traceparent) }
}

function readContext(traceparent: unknown): SpanContext | undefined {
  return traceparent === undefined ? undefined : parseTraceparent(traceparent)
}

function metaOf({ body }: McpMessage): JsonObject | undefined {
  const { params } = body
  return isJsonObject(params) && isJsonObject(params._meta) ? params._meta : undefined
}
