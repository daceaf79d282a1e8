import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** OTLP 1.x as JSON (opentelemetry-proto, protobuf JSON mapping with hexadecimal ids), read strictly: unknown members are refused. */
const unsigned = z.string().regex(/^\d{1,20}$/)
const nanoseconds = unsigned.refine((text) => text.length === 19, 'is no time of this century in nanoseconds')
const traceId = z.string().regex(/^(?!0{32})[0-9a-f]{32}$/)
const spanId = z.string().regex(/^(?!0{16})[0-9a-f]{16}$/)
const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
])
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, 'has an attribute twice')
const resource = z
  .strictObject({ attributes })
  .refine(({ attributes: list }) => list.some(({ key }) => key === 'service.name'), 'has no service.name')
const scope = z.strictObject({ name: z.string().min(1), version: z.string().optional() })

const span = z
  .strictObject({
    traceId,
    spanId,
    parentSpanId: spanId.optional(),
    traceState: z.string().optional(),
    flags: z.int().min(0).optional(),
    name: z.string().min(1),
    kind: z.int().min(1).max(5),
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
    attributes,
    links: z.array(z.strictObject({ traceId, spanId })).optional(),
    status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }).optional(),
  })
  .refine((each) => BigInt(each.endTimeUnixNano) >= BigInt(each.startTimeUnixNano), 'ends before it starts')
const traces = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({ resource, scopeSpans: z.array(z.strictObject({ scope, spans: z.array(span).min(1) })) }),
  ),
})

const logs = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource,
      scopeLogs: z.array(
        z.strictObject({
          scope,
          logRecords: z
            .array(
              z.strictObject({
                timeUnixNano: nanoseconds,
                observedTimeUnixNano: nanoseconds,
                severityNumber: z.int().min(1).max(24),
                severityText: z.string(),
                eventName: z.string().optional(),
                body: value,
                attributes,
                traceId: traceId.optional(),
                spanId: spanId.optional(),
              }),
            )
            .min(1),
        }),
      ),
    }),
  ),
})

const point = { attributes, startTimeUnixNano: nanoseconds.optional(), timeUnixNano: nanoseconds }
const numberPoint = z.union([
  z.strictObject({ ...point, asInt: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ ...point, asDouble: z.number() }),
])
const histogramPoint = z
  .strictObject({
    ...point,
    count: unsigned,
    sum: z.number(),
    bucketCounts: z.array(unsigned),
    explicitBounds: z.array(z.number()),
  })
  .refine((each) => each.bucketCounts.length === each.explicitBounds.length + 1, 'needs one bucket more than bounds')
  .refine(
    (each) => each.bucketCounts.reduce((sum, count) => sum + BigInt(count), 0n) === BigInt(each.count),
    'counts more or less than its buckets',
  )
const temporality = z.literal([1, 2])
const named = { name: z.string().min(1), description: z.string().optional(), unit: z.string().optional() }
const metric = z.union([
  z.strictObject({ ...named, gauge: z.strictObject({ dataPoints: z.array(numberPoint).min(1) }) }),
  z.strictObject({
    ...named,
    sum: z.strictObject({
      aggregationTemporality: temporality,
      isMonotonic: z.boolean(),
      dataPoints: z.array(numberPoint).min(1),
    }),
  }),
  z.strictObject({
    ...named,
    histogram: z.strictObject({ aggregationTemporality: temporality, dataPoints: z.array(histogramPoint).min(1) }),
  }),
])
const metrics = z.strictObject({
  resourceMetrics: z.array(
    z.strictObject({
      resource,
      scopeMetrics: z.array(
        z.strictObject({
          scope,
          metrics: z
            .array(metric)
            .min(1)
            .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'has a metric twice'),
        }),
      ),
    }),
  ),
})

/** The schemas of the three requests. */
const otlpRequests = { traces, metrics, logs }

/** Attributes as a plain object. */
export type PlainAttributes = { readonly [key: string]: string | number | boolean }

/** A span as it arrived. */
export type ReceivedSpan = Omit<z.output<typeof span>, 'attributes'> & { readonly attributes: PlainAttributes }

/** A collector of a test. What is not OTLP is answered 400 and kept in `problems`. */
export interface OtlpCollector {
  readonly origin: string
  readonly problems: string[]
  readonly headers: IncomingHttpHeaders[]
  spans(): readonly ReceivedSpan[]
  /** The last numbers of a metric, one for each set of attributes. */
  metric(name: string): z.output<typeof metric> | undefined
  logRecords(): readonly {
    readonly eventName?: string | undefined
    readonly attributes: PlainAttributes
    readonly traceId?: string | undefined
    readonly severityText: string
  }[]
  /** Status of the answers from now on. */
  answerWith(status: number): void
  close(): Promise<void>
}

/** Listens on a free loopback port. */
export async function startCollector(): Promise<OtlpCollector> {
  const problems: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const received = {
    traces: [] as z.output<typeof traces>[],
    metrics: [] as z.output<typeof metrics>[],
    logs: [] as z.output<typeof logs>[],
  }
  let status = 200
  const take = (path: string, body: string) => {
    const signal = path.replace('/v1/', '')
    if (signal !== 'traces' && signal !== 'metrics' && signal !== 'logs') throw new Error(`no such path: ${path}`)
    received[signal].push(otlpRequests[signal].parse(JSON.parse(body)) as never)
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      headers.push(request.headers)
      let answer = status
      if (status === 200) {
        try {
          if (request.headers['content-type'] !== 'application/json') throw new Error('is not JSON')
          take(request.url ?? '', Buffer.concat(chunks).toString())
        } catch (error) {
          problems.push(String(error))
          answer = 400
        }
      }
      response.writeHead(answer, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const allMetrics = () =>
    received.metrics.flatMap(({ resourceMetrics }) =>
      resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((each) => each.metrics)),
    )
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    problems,
    headers,
    spans: () =>
      received.traces.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans.map((each) => ({ ...each, attributes: toPlain(each.attributes) }))),
        ),
      ),
    metric: (name) => allMetrics().findLast((each) => each.name === name),
    logRecords: () =>
      received.logs.flatMap(({ resourceLogs }) =>
        resourceLogs.flatMap(({ scopeLogs }) =>
          scopeLogs.flatMap(({ logRecords }) =>
            logRecords.map((each) => ({ ...each, attributes: toPlain(each.attributes) })),
          ),
        ),
      ),
    answerWith: (next) => {
      status = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Attributes as a plain object. */
function toPlain(list: z.output<typeof attributes>): PlainAttributes {
  return Object.fromEntries(
    list.map(({ key, value: typed }) => {
      const [kind, content] = Object.entries(typed)[0] ?? ['', '']
      return [key, kind === 'intValue' ? Number(content) : content]
    }),
  )
}
