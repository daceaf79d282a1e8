import type { GatewayEvent } from '../../analytics/event.ts'
import type { EndedMessage, MessageTrace, MessageTracer } from '../../contracts/tracing.ts'
import { randomId } from '../../lib/random-id.ts'
import type { SpanContext } from '../../lib/trace-context.ts'
import { errorTypeOf } from '../event-counts.ts'
import { newSpanId } from './message-spans.ts'

/** Which traces are exported. */
export interface Sampling {
  /** Between 0 and 1. */
  readonly ratio: number
  /** What a client says of its trace goes before the ratio. */
  readonly followClient: boolean
}

/** A message whose spans are still to be made. */
export interface TracedMessage {
  readonly trace: MessageTrace
  readonly ended: EndedMessage<GatewayEvent>
}

/** Gives messages their place in a trace, and hands on those that are exported: the chosen share, and every one that failed. */
export function createOtlpTracer(
  sampling: Sampling,
  take: (traced: TracedMessage) => void,
): MessageTracer<GatewayEvent> {
  return {
    begin(parent, link) {
      const traceId = parent?.traceId ?? randomId()
      return {
        traceId,
        spanId: newSpanId(),
        upstreamSpanId: newSpanId(),
        parentSpanId: parent?.spanId,
        sampled: isSampled(traceId, parent, sampling),
        link,
      }
    },
    end(trace, ended) {
      if (trace.sampled || errorTypeOf(ended.event) !== '') take({ trace, ended })
    },
  }
}

/** Others that choose by the same bits of the same id choose the same traces (W3C Trace Context level 2, random trace id). */
function isSampled(traceId: string, parent: SpanContext | undefined, { ratio, followClient }: Sampling): boolean {
  if (parent && followClient) return parent.sampled
  return Number.parseInt(traceId.slice(-14), 16) / 2 ** 56 >= 1 - ratio
}
