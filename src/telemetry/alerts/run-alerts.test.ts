import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { writeEvents } from '../../../test/harness/write-events.ts'
import { type GatewayEvent, newEvent } from '../../analytics/event.ts'
import { Secret } from '../../lib/secret.ts'
import { createMemoryLimiter } from '../../limits/memory-limiter.ts'
import { createMetrics } from '../metrics.ts'
import { DefinitionNotes, toDefinitionNote } from './definition-notes.ts'
import type { ConnectionSummary } from './find-alerts.ts'
import { QuotaNotes, watchLimiter } from './quota-notes.ts'
import { type AlertRules, type RunningAlerts, runAlerts } from './run-alerts.ts'

interface Told {
  readonly id: string | undefined
  readonly type: string
  readonly data: {
    readonly kind: string
    readonly details: { readonly [name: string]: unknown }
    readonly [name: string]: unknown
  }
}

const rules: AlertRules = {
  webhooks: [{ url: 'https://ops.example/hook', secret: new Secret('a-secret-of-at-least-24-bytes') }],
  errorRate: { enabled: true, percent: 10, atLeast: 20, minutes: 5 },
  latency: { enabled: true, p95Ms: 1000, atLeast: 20, minutes: 5 },
  quota: { enabled: true, percent: 80, minutes: 5 },
  connection: { enabled: true, expiresWithinHours: 72 },
  definition: { enabled: true, minutes: 60 },
}
const silent = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() })

let directory: string
let nowMs = 0
let told: Told[]
let status = 200
let connections: { expiring: ConnectionSummary[]; reconsent: ConnectionSummary[] }
let metrics: ReturnType<typeof createMetrics>
let quotas: QuotaNotes
let definitions: DefinitionNotes
let running: RunningAlerts
let log: ReturnType<typeof silent>

const start = async (changed: Partial<AlertRules> = {}) => {
  metrics = createMetrics({ isKnownMethod: () => true, readers: [] })
  quotas = new QuotaNotes()
  definitions = new DefinitionNotes(nowMs)
  log = silent()
  running = await runAlerts({
    rules: () => ({ ...rules, ...changed }),
    counts: () => structuredClone(metrics.counts()),
    quotas,
    definitions,
    findConnections: () => Promise.resolve(connections),
    file: join(directory, 'alerts.json'),
    gateway: 'https://mcp.example',
    log,
    clock: () => nowMs,
    firstPauseMs: 1,
    giveUpMs: 0,
    post: (_, { headers, body }) => {
      told.push({ ...(JSON.parse(String(body)) as Told), id: headers['webhook-id'] })
      return Promise.resolve({ status, body: '', retryAfterMs: undefined })
    },
  })
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'alerts-'))
  nowMs = Date.parse('2026-11-21T00:00:00Z')
  told = []
  status = 200
  connections = { expiring: [], reconsent: [] }
  await start()
})
afterEach(async () => {
  await running.stop()
  await rm(directory, { recursive: true })
})

/** Lets time pass, look by look. */
async function pass(minutes: number): Promise<void> {
  for (let seconds = 0; seconds < minutes * 60; seconds += 15) {
    nowMs += 15_000
    await running.look()
  }
  await vi.waitFor(() => expect(log.error).not.toHaveBeenCalled())
}
const call = (change: Partial<GatewayEvent> = {}): GatewayEvent => ({
  ...newEvent('capability_completed', nowMs, 'r'),
  virtualServer: 'crm',
  method: 'tools/call',
  latencyMs: 50,
  ...change,
})
const failure = {
  outcome: 'failure',
  failureOrigin: 'upstream',
  reason: 'upstream_timeout',
  jsonRpcCode: -32603,
} as const
const record = (count: number, change: Partial<GatewayEvent> = {}) =>
  void writeEvents(
    metrics.sink,
    Array.from({ length: count }, () => call(change)),
  )
const kinds = () => told.map(({ type, data }) => `${type} ${data.kind}`)

describe('error rate', () => {
  test('fires once while it lasts, and is resolved once', async () => {
    await pass(6)
    record(90)
    record(10, failure)
    await pass(2)
    expect(told).toMatchObject([
      {
        type: 'alert.fired',
        data: {
          kind: 'error_rate',
          gateway: 'https://mcp.example',
          virtualServer: 'crm',
          details: { requests: 100, failures: 10, percent: 10, minutes: 5 },
        },
      },
    ])
    await pass(10)
    expect(kinds()).toEqual(['alert.fired error_rate', 'alert.resolved error_rate'])
    expect(new Set(told.map(({ id }) => id)).size).toBe(2)
    expect(told[0]?.data.id).toBe(told[1]?.data.id)
  })

  test('does not count what clients do wrong, tools that report an error, or too few requests', async () => {
    record(100, { outcome: 'denied', failureOrigin: 'client', reason: 'capability_not_allowed', jsonRpcCode: -32602 })
    record(100, { outcome: 'application_error', failureOrigin: 'upstream' })
    record(19, { ...failure, virtualServer: 'wiki' })
    await pass(2)
    expect(told).toEqual([])
  })
})

test('latency: fires at the 95th percentile; open streams do not count', async () => {
  record(50, { method: null, latencyMs: 3_600_000 })
  record(95)
  await pass(1)
  expect(told).toEqual([])
  record(20, { latencyMs: 4000 })
  await pass(1)
  expect(told).toMatchObject([{ data: { kind: 'latency', virtualServer: 'crm', details: { requests: 115 } } }])
  expect(Number(told[0]?.data.details.p95Ms)).toBeGreaterThan(1000)
})

test('quota: fires for who is near a limit, and is resolved when they are not any more', async () => {
  const limiter = watchLimiter(
    createMemoryLimiter(() => nowMs),
    quotas,
    () => nowMs,
  )
  const take = async (key: string, times: number) => {
    for (let count = 0; count < times; count++) await limiter.take(key, 10, 60_000)
  }
  await take('"per \\"user\\""acme user ada|1', 8)
  await take('"per \\"user\\""acme user bob', 7)
  await take('"all calls"default all', 30)
  await pass(1)
  expect(told.map(({ data }) => [data.kind, data.tenant, data.details])).toEqual([
    ['quota', 'acme', { policy: 'per "user"', by: 'user', holder: 'ada|1', used: 8, limit: 10 }],
    ['quota', 'default', { policy: 'all calls', by: 'all', holder: null, used: 10, limit: 10 }],
  ])
  await pass(6)
  expect(kinds().slice(2)).toEqual(['alert.resolved quota', 'alert.resolved quota'])
})

test('connections: one alert for each upstream, of those that end soon and those that do not work', async () => {
  const of = (owner: string, upstream = 'linear') => ({ tenant: 'acme', upstream, owner })
  connections = { expiring: [of('subject:a'), of('subject:b')], reconsent: [of('shared', 'github')] }
  await pass(1)
  expect(told.map(({ data }) => [data.kind, data.upstream, data.details])).toEqual([
    ['connection_expiring', 'linear', { count: 2, owners: ['subject:a', 'subject:b'] }],
    ['connection_reconsent', 'github', { count: 1, owners: ['shared'] }],
  ])
  connections = { expiring: [], reconsent: [of('shared', 'github')] }
  await pass(15)
  expect(kinds().slice(2)).toEqual(['alert.resolved connection_expiring'])
})

test('definition: fires for what changed, and is over when nothing changed for long', async () => {
  const event = {
    ...call({ type: 'capability_changed', capabilityType: 'tool', capability: 'add' }),
    outcome: 'denied',
  } as const
  const note = toDefinitionNote(event)
  if (note) definitions.note(note)
  expect(toDefinitionNote(call())).toBeUndefined()
  await pass(1)
  expect(told).toMatchObject([
    {
      data: { kind: 'definition', details: { capability: 'add', capabilityType: 'tool', event: 'capability_changed' } },
    },
  ])
  await pass(62)
  expect(kinds()).toEqual(['alert.fired definition', 'alert.resolved definition'])
})

test('after a restart it is not told again, and not over before it is known to be', async () => {
  record(100, failure)
  await pass(1)
  await running.stop()
  await start()
  await pass(2)
  expect(kinds()).toEqual(['alert.fired error_rate'])
  await pass(5)
  expect(kinds()).toEqual(['alert.fired error_rate', 'alert.resolved error_rate'])
})

test('a receiver that takes nothing is said in the log, and the next look goes on', async () => {
  status = 500
  record(100, failure)
  nowMs += 15_000
  await running.look()
  await vi.waitFor(() => expect(log.error).toHaveBeenCalledWith(expect.anything(), 'an alert was not taken'))
  expect(running.firing).toHaveLength(1)
  expect(log.warn).toHaveBeenCalledWith(
    expect.objectContaining({ alert: expect.anything() as object }),
    'an alert fired',
  )
})

test('what is switched off does not fire, and ends what fired', async () => {
  await running.stop()
  let enabled = true
  await start({
    get errorRate() {
      return { ...rules.errorRate, enabled }
    },
  })
  record(100, failure)
  await pass(1)
  enabled = false
  await pass(1)
  expect(kinds()).toEqual(['alert.fired error_rate', 'alert.resolved error_rate'])
})
