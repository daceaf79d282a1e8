import { z } from 'zod'
import { collectorUrl, insecureSwitch, isReachedSafely, secretHeaders, unsafeUrl } from './outgoing.ts'

/** What of a client's trace context a virtual server's upstream is told. */
export const propagationModes = ['none', 'trace', 'all'] as const

const otlp = z
  .strictObject({
    url: collectorUrl.describe(
      'Base URL of the collector, e.g. `http://localhost:4318`; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended.',
    ),
    insecure: insecureSwitch,
    headers: secretHeaders,
    traces: z.boolean().default(true).describe('Export spans.'),
    metrics: z.boolean().default(true).describe('Export metrics.'),
    logs: z.boolean().default(false).describe('Export events as log records.'),
    serviceName: z.string().min(1).default('sallyport').describe('`service.name` of the resource.'),
    resource: z
      .record(z.string().min(1), z.string())
      .default({})
      .describe('More attributes of the resource, e.g. `deployment.environment.name`.'),
    ratio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of traces that is exported. Messages that failed are exported whatever it says.'),
    followClient: z
      .boolean()
      .default(true)
      .describe('Where a client says whether its trace is sampled, what it says goes before `ratio`.'),
    people: z
      .boolean()
      .default(false)
      .describe('Spans and log records name the subject and the address of the client.'),
    intervalSeconds: z.number().min(1).default(30).describe('How often metrics are exported. Seconds.'),
  })
  .refine(isReachedSafely, unsafeUrl)

/** `telemetry` of sallyport.jsonc. */
export const telemetrySettings = z
  .strictObject({
    logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe log line written.'),
    logEvents: z
      .enum(['all', 'problems', 'none'])
      .optional()
      .describe(
        'Which events are also written to the log: every one (default of `dev`), refusals and failures (default of `start`), or none.',
      ),
    metrics: z.boolean().default(true).describe('Whether the admin listener answers /metrics (Prometheus text).'),
    propagation: z
      .enum(propagationModes)
      .default('trace')
      .describe(
        'What upstreams are told of the trace a call belongs to, in headers and in `_meta`: nothing, `traceparent` and `tracestate`, or also the `baggage` of the client. A route may say otherwise.',
      ),
    otlp: otlp.optional().describe('OpenTelemetry: where traces, metrics and logs are sent (OTLP over HTTP, JSON).'),
  })
  .prefault({})
  .describe('Logs, metrics and traces.')

export type PropagationMode = (typeof propagationModes)[number]
