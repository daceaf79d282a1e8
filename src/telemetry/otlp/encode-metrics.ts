import type { CountsSnapshot, RequestSeries } from '../event-counts.ts'
import { countOf, type LatencyHistogram, latencyBounds, mergeHistogram, newHistogram } from '../latency-histogram.ts'
import type { MetricFamily } from '../prometheus-text.ts'
import { type OtlpAttribute, type OtlpSource, toAttributes, toNanoseconds, toScope } from './otlp-json.ts'

const cumulative = 2

/** An `ExportMetricsServiceRequest`: the histograms of the MCP semantic conventions, and what Prometheus is told besides. */
export function encodeMetrics(
  counts: CountsSnapshot,
  families: readonly MetricFamily[],
  source: OtlpSource,
  nowMs: number,
): object {
  const times = {
    startTimeUnixNano: toNanoseconds(performance.timeOrigin),
    timeUnixNano: toNanoseconds(nowMs),
  }
  const messages = counts.requests.filter(({ method }) => method !== '')
  const metrics = [
    toHistogram(
      'mcp.server.operation.duration',
      'Time to answer a message.',
      groupTimes(
        messages,
        ({ clientProtocol }) => clientProtocol,
        ({ total }) => total,
        { 'network.transport': 'tcp', 'network.protocol.name': 'http' },
      ),
      times,
    ),
    toHistogram(
      'mcp.client.operation.duration',
      'Time an upstream took to answer.',
      groupTimes(
        messages,
        () => '',
        ({ upstream }) => upstream,
      ),
      times,
    ),
    toSum(
      'sallyport.events',
      'Recorded events by type.',
      counts.types.map(([type, value]) => ({ attributes: toAttributes({ 'sallyport.type': type }), value })),
      times,
    ),
    toSum(
      'sallyport.requests',
      'Answered requests by outcome and documented reason.',
      counts.requests.map((series) => ({ attributes: describeOutcome(series), value: series.count })),
      times,
    ),
    ...families.flatMap((family) => toMetric(family, times)),
  ]
  const scopeMetrics = [
    { scope: toScope(source), metrics: metrics.filter(({ isEmpty }) => !isEmpty).map(({ metric }) => metric) },
  ]
  return { resourceMetrics: [{ resource: { attributes: source.resource }, scopeMetrics }] }
}

interface Encoded {
  readonly isEmpty: boolean
  readonly metric: object
}
interface Times {
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}
interface TimesOf {
  readonly attributes: readonly OtlpAttribute[]
  readonly histogram: LatencyHistogram
}

function describeOutcome(series: RequestSeries): readonly OtlpAttribute[] {
  const { virtualServer, method, outcome, reason, failureOrigin, errorType, protocolVersion } = series
  return toAttributes({
    'sallyport.virtual_server': virtualServer,
    'mcp.method.name': method,
    'mcp.protocol.version': protocolVersion,
    'error.type': errorType,
    'sallyport.outcome': outcome,
    'sallyport.reason': reason,
    'sallyport.failure_origin': failureOrigin,
  })
}

function groupTimes(
  messages: readonly RequestSeries[],
  versionOf: (series: { readonly clientProtocol: string }) => string,
  read: (series: RequestSeries) => LatencyHistogram,
  transport: { readonly [attribute: string]: string } = {},
): readonly TimesOf[] {
  const groups = Map.groupBy(messages, ({ virtualServer, method, errorType, protocolVersion }) =>
    JSON.stringify([virtualServer, method, errorType, versionOf({ clientProtocol: protocolVersion })]),
  )
  return [...groups].flatMap(([key, group]) => {
    const [virtualServer, method, errorType, version] = JSON.parse(key) as [string, string, string, string]
    const histogram = newHistogram()
    for (const series of group) mergeHistogram(histogram, read(series))
    if (countOf(histogram) === 0) return []
    const attributes = toAttributes({
      'mcp.method.name': method,
      'error.type': errorType,
      'mcp.protocol.version': version,
      ...transport,
      'gen_ai.operation.name': method === 'tools/call' ? 'execute_tool' : null,
      'sallyport.virtual_server': virtualServer,
    })
    return [{ attributes, histogram }]
  })
}

function toHistogram(name: string, description: string, series: readonly TimesOf[], times: Times): Encoded {
  const dataPoints = series.map(({ attributes, histogram }) => ({
    ...times,
    attributes,
    count: String(countOf(histogram)),
    sum: histogram.sum,
    bucketCounts: histogram.counts.map(String),
    explicitBounds: latencyBounds,
  }))
  const histogram = { aggregationTemporality: cumulative, dataPoints }
  return { isEmpty: dataPoints.length === 0, metric: { name, description, unit: 's', histogram } }
}

interface Point {
  readonly attributes: readonly OtlpAttribute[]
  readonly value: number
}

function toSum(name: string, description: string, points: readonly Point[], times: Times): Encoded {
  const dataPoints = points.map((point) => toPoint(point, times))
  const sum = { aggregationTemporality: cumulative, isMonotonic: true, dataPoints }
  return { isEmpty: dataPoints.length === 0, metric: { name, description, sum } }
}

function toMetric(family: MetricFamily, times: Times): Encoded[] {
  if (family.type === 'histogram') return []
  const { name, help, samples } = family
  const points = samples.map(({ labels, value }) => ({ attributes: toAttributes(labels ?? {}), value }))
  if (family.type === 'counter') return [toSum(name.replace(/_total$/, ''), help, points, times)]
  const gauge = { dataPoints: points.map((point) => toPoint(point, { timeUnixNano: times.timeUnixNano })) }
  return [{ isEmpty: points.length === 0, metric: { name, description: help, gauge } }]
}

function toPoint({ attributes, value }: Point, times: Partial<Times>) {
  const number = Number.isSafeInteger(value) ? { asInt: String(value) } : { asDouble: value }
  return { ...times, attributes, ...number }
}
