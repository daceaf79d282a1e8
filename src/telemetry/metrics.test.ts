import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePrometheus } from '../../test/harness/parse-prometheus.ts'
import { writeEvents } from '../../test/harness/write-events.ts'
import { createEventBuffer } from '../analytics/buffer.ts'
import { type GatewayEvent, newEvent } from '../analytics/event.ts'
import { errorTypeOf } from './event-counts.ts'
import { addTime, newHistogram, quantileOf } from './latency-histogram.ts'
import { createMetrics, type Metrics } from './metrics.ts'

const isKnownMethod = (method: string) => method === 'tools/call' || method === 'tools/list'
const request = (change: Partial<GatewayEvent> = {}): GatewayEvent => ({
  ...newEvent('capability_completed', 1, 'r'),
  virtualServer: 'crm',
  method: 'tools/call',
  latencyMs: 30,
  upstreamMs: 20,
  bytesIn: 100,
  bytesOut: 2000,
  ...change,
})
const create = () => createMetrics({ isKnownMethod, readers: [] })
const record = ({ sink }: Metrics, events: readonly GatewayEvent[]) => void writeEvents(sink, events)

test('counts, sums and times by virtual server', () => {
  const metrics = create()
  const failed = {
    outcome: 'failure',
    failureOrigin: 'upstream',
    reason: 'upstream_timeout',
    jsonRpcCode: -32603,
  } as const
  record(metrics, [request(), request({ latencyMs: 400_000 }), request(failed), newEvent('auth_signed_in', 1, 'r')])
  const families = parsePrometheus(metrics.renderMetrics().body)
  expect(families.get('sallyport_requests_total')?.samples).toEqual([
    { name: 'sallyport_requests_total', labels: { virtual_server: 'crm', outcome: 'success' }, value: 2 },
    {
      name: 'sallyport_requests_total',
      labels: { virtual_server: 'crm', outcome: 'failure', failure_origin: 'upstream', reason: 'upstream_timeout' },
      value: 1,
    },
  ])
  const times = families.get('sallyport_request_duration_seconds')?.samples ?? []
  const bucket = (le: string) => times.find(({ labels }) => labels.le === le)?.value
  expect([bucket('0.02'), bucket('0.05'), bucket('300'), bucket('+Inf')]).toEqual([0, 2, 2, 3])
  expect(times.find(({ name }) => name.endsWith('_sum'))?.value).toBeCloseTo(400.06)
  expect(families.get('sallyport_response_bytes_total')?.samples[0]?.value).toBe(6000)
  expect(families.get('sallyport_events_total')?.samples).toContainEqual(
    expect.objectContaining({ labels: { type: 'auth_signed_in' }, value: 1 }),
  )
  expect(families.has('process_resident_memory_bytes')).toBe(true)
})

test('what is recorded is counted when it is handed over, and not when it is written', async () => {
  const metrics = create()
  const silent = () => undefined
  const log = { debug: silent, info: silent, warn: silent, error: silent }
  const buffer = createEventBuffer({ sinks: [metrics.sink], log })
  buffer.record(request())
  await buffer.flush()
  expect(metrics.ownCounts().requests).toMatchObject([{ virtualServer: 'crm', count: 1 }])
  buffer.record(request({ latencyMs: null }))
  void buffer.flush()
  expect(metrics.ownCounts().types).toEqual([['capability_completed', 2]])
  expect(metrics.ownCounts().requests).toMatchObject([{ count: 1 }])
})

test('events are counted under what they say, whichever came before', () => {
  const whole = {
    virtualServer: fc.constantFrom('crm', 'wiki', null),
    method: fc.constantFrom('tools/call', 'tools/list', 'made/up', null),
    outcome: fc.constantFrom('success', 'failure', 'application_error'),
    failureOrigin: fc.constantFrom('upstream', 'client', null),
    reason: fc.constantFrom('upstream_timeout', 'gateway_error', null),
    jsonRpcCode: fc.constantFrom(-32_602, -32_603, 7, null),
    clientProtocol: fc.constantFrom('2025-06-18', '2025-11-25', 'odd', null),
    bytesIn: fc.option(fc.nat(100)),
    latencyMs: fc.option(fc.nat(1000)),
  }
  // One thing after the other, so that most have nearly everything from the one before.
  const change = fc.oneof(
    ...Object.entries<fc.Arbitrary<unknown>>(whole).map(([name, value]) => fc.record({ [name]: value })),
  )
  /** The same, by counting each event where none came before. */
  const countSingly = (events: readonly GatewayEvent[]) => {
    const metrics = create()
    for (const [index, event] of events.entries()) {
      const single = create()
      record(single, [event])
      metrics.takeCounts(String(index), single.ownCounts())
    }
    return metrics.counts()
  }
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      const metrics = create()
      let last = request()
      const events = changes.map((each) => {
        last = { ...last, ...each }
        return last
      })
      record(metrics, events)
      expect(metrics.ownCounts()).toEqual(countSingly(events))
    }),
  )
})

test('what clients make up is no label', () => {
  const metrics = create()
  const made = Array.from({ length: 500 }, (_, index) =>
    request({ method: `made/${index}`, clientProtocol: `v${index}`, jsonRpcCode: 5000 + index, subject: `s${index}` }),
  )
  record(metrics, made)
  expect(metrics.ownCounts().requests).toHaveLength(1)
  expect(metrics.renderMetrics().body).toContain('method="other"')
})

test('more series than are kept are counted without names', () => {
  const metrics = create()
  record(
    metrics,
    Array.from({ length: 6000 }, (_, index) => request({ virtualServer: `s${index}` })),
  )
  const { requests } = metrics.ownCounts()
  expect(requests.length).toBeLessThanOrEqual(5001)
  expect(requests.reduce((sum, { count }) => sum + count, 0)).toBe(6000)
})

test('names with quotes, backslashes and line ends are read back', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const metrics = create()
      record(metrics, [request({ virtualServer: name })])
      const samples = parsePrometheus(metrics.renderMetrics().body).get('sallyport_requests_total')?.samples
      expect(samples?.[0]?.labels.virtual_server).toBe(name)
    }),
  )
})

test('the leader adds what other processes counted; what they tell again counts once', () => {
  const [leader, other] = [create(), create()]
  record(leader, [request()])
  record(other, [request(), request({ virtualServer: 'wiki' })])
  leader.takeCounts('w2', JSON.parse(JSON.stringify(other.ownCounts())))
  leader.takeCounts('w2', JSON.parse(JSON.stringify(other.ownCounts())))
  const total = () => leader.counts().requests.map(({ virtualServer, count }) => [virtualServer, count])
  expect(total()).toEqual([
    ['crm', 2],
    ['wiki', 1],
  ])
  expect(leader.ownCounts().requests).toHaveLength(1)
})

describe('what an error is', () => {
  const typeOf = (change: Partial<GatewayEvent>) => errorTypeOf(request(change))
  test.each([-32700, -32600, -32601, -32602, -32002])('%d is the mistake of a client', (jsonRpcCode) => {
    expect(typeOf({ jsonRpcCode, outcome: 'denied' })).toBe('')
  })
  test('other codes, tools that report an error, and what broke off', () => {
    expect(typeOf({})).toBe('')
    expect(typeOf({ jsonRpcCode: -32603, outcome: 'failure' })).toBe('-32603')
    expect(typeOf({ jsonRpcCode: 12, outcome: 'application_error' })).toBe('_OTHER')
    expect(typeOf({ outcome: 'application_error' })).toBe('tool_error')
    expect(typeOf({ outcome: 'cancelled', reason: 'request_cancelled' })).toBe('request_cancelled')
    expect(typeOf({ outcome: 'denied' })).toBe('')
  })
})

test('a quantile is between the bounds it lies in', () => {
  const histogram = newHistogram()
  expect(quantileOf(histogram, 0.95)).toBeUndefined()
  for (let ms = 1; ms <= 100; ms++) addTime(histogram, ms / 1000)
  expect(quantileOf(histogram, 0.95)).toBeCloseTo(0.095, 2)
  addTime(histogram, 1e6)
  expect(quantileOf(histogram, 1)).toBe(300)
})
