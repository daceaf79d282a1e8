import { type SpanOptions, toSpans } from './message-spans.ts'
import { type OtlpSource, toScope } from './otlp-json.ts'
import type { TracedMessage } from './otlp-tracer.ts'

/** An `ExportTraceServiceRequest`. */
export function encodeTraces(messages: readonly TracedMessage[], source: OtlpSource, options: SpanOptions): object {
  const spans = messages.flatMap(({ trace, ended }) => toSpans(trace, ended, options))
  return {
    resourceSpans: [{ resource: { attributes: source.resource }, scopeSpans: [{ scope: toScope(source), spans }] }],
  }
}
