import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedRequest, type ScriptedSite, serveScript } from '../../../test/harness/scripted-upstream.ts'
import { waitUntil } from '../../../test/harness/wait-until.ts'
import { writeEvents } from '../../../test/harness/write-events.ts'
import type { ListSink } from '../../contracts/event-sink.ts'
import { createPostExport } from '../../http/post-export.ts'
import { Secret } from '../../lib/secret.ts'
import { createEventBuffer } from '../buffer.ts'
import { describeClickhouseTable } from '../clickhouse-table.ts'
import { eventFields, type GatewayEvent, newEvent } from '../event.ts'
import { createClickhouseSink } from './clickhouse.ts'
import { createWebhookSink, type WebhookOptions } from './webhook.ts'

const secret = 'a-secret-of-at-least-24-bytes'
let site: ScriptedSite
let door: ReturnType<typeof createPostExport>
beforeEach(async () => {
  site = await serveScript()
  door = createPostExport()
})
afterEach(async () => {
  await door.close()
  await site.close()
})

const host = () => ({ post: door.post, clock: Date.now, firstPauseMs: 5 })
const webhook = (change: Partial<WebhookOptions> = {}) =>
  createWebhookSink(
    {
      name: 'siem',
      url: `${site.origin}/hook`,
      secret: new Secret(secret),
      events: 'all',
      types: [],
      batchSize: 2,
      maxWaiting: 10,
      ...change,
    },
    host(),
  )
const event = (time: number, change: Partial<GatewayEvent> = {}): GatewayEvent => ({
  ...newEvent('capability_completed', time, 'r'),
  ...change,
})
const times = (requests: readonly ScriptedRequest[]) =>
  requests.map(({ body }) =>
    (JSON.parse(body) as { data: { events: GatewayEvent[] } }).data.events.map((each) => each.time),
  )

describe('a webhook', () => {
  test('gets batches, each signed over its id, its time and its bytes', async () => {
    site.answers.set('/hook', { status: 204 })
    await webhook().write([1, 2, 3].map((time) => event(time)))
    expect(times(site.requests)).toEqual([[1, 2], [3]])
    for (const { headers, body } of site.requests) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
      const expected = createHmac('sha256', secret).update(signed).digest('base64')
      expect(headers['webhook-signature']).toBe(`v1,${expected}`)
      expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60)
    }
    const [first] = (JSON.parse(site.requests[0]?.body ?? '') as { data: { events: object[] } }).data.events
    expect(first).not.toHaveProperty('subject')
  })

  test('is asked again with the same id until it takes the batch; meanwhile its trouble is known', async () => {
    let refusals = 3
    const sink = webhook()
    const seen: (string | undefined)[] = []
    site.answers.set('/hook', () => {
      seen.push(sink.trouble?.message)
      return { status: refusals-- > 0 ? 503 : 200 }
    })
    await sink.write([event(1)])
    expect(new Set(site.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(seen[0]).toBeUndefined()
    expect(seen.slice(1).every((message) => message?.includes('answers 503'))).toBe(true)
    expect(site.requests).toHaveLength(4)
    expect(sink.trouble).toBeUndefined()
  })

  test('that refuses for good is not asked again, and told nowhere else', async () => {
    site.answers.set('/hook', { status: 308, headers: { location: '/other' } })
    await expect(webhook().write([event(1)])).rejects.toThrow('answers 308')
    site.answers.set('/hook', { status: 400, body: 'no such field' })
    await expect(webhook().write([event(1)])).rejects.toThrow('no such field')
    expect(site.requests.map(({ path }) => path)).toEqual(['/hook', '/hook'])
  })

  test('gets only what it asked for', async () => {
    site.answers.set('/hook', { status: 200 })
    const denied = { outcome: 'denied' } as const
    const mixed = [
      event(1),
      event(2, denied),
      event(3, { type: 'auth_signed_in', ...denied }),
      event(4, { type: 'auth_signed_out' }),
    ]
    await writeEvents(webhook({ events: 'problems', types: ['auth_*'] }), mixed)
    expect(times(site.requests)).toEqual([[3]])
  })

  test('that is dead slows nothing; what does not fit is dropped, counted and said', async () => {
    const said: object[] = []
    const silent = () => undefined
    const log = { debug: silent, info: silent, warn: silent, error: (fields: object) => void said.push(fields) }
    const other: GatewayEvent[] = []
    const healthy: ListSink<GatewayEvent> = {
      name: 'healthy',
      write: (events) => void other.push(...events),
      close: silent,
    }
    const dead = webhook({ url: 'http://127.0.0.1:9/hook', maxWaiting: 4 })
    const buffer = createEventBuffer({
      sinks: [dead, healthy],
      log,
      batchSize: 2,
      flushMilliseconds: 1,
      closeMilliseconds: 50,
    })
    const startMs = performance.now()
    for (let time = 0; time < 20; time++) buffer.record(event(time))
    expect(performance.now() - startMs).toBeLessThan(50)
    await waitUntil('the healthy sink to get everything', () => other.length === 20)
    const state = await waitUntil('trouble', () => buffer.sinks.find(({ trouble }) => trouble !== undefined))
    expect(state).toMatchObject({ name: 'webhook siem', written: 0, waiting: 4 })
    expect(state.dropped).toBeGreaterThan(0)
    expect(state.trouble?.message).toContain('127.0.0.1:9 does not answer')
    expect(said).toContainEqual(expect.objectContaining({ sink: 'webhook siem' }))
    await buffer.close()
  })
})

describe('ClickHouse', () => {
  const sink = () =>
    createClickhouseSink(
      {
        url: `${site.origin}/`,
        database: 'logs',
        table: 'sallyport_events',
        user: 'writer',
        password: new Secret('pass-word'),
        maxWaiting: 10,
      },
      host(),
    )

  test('gets one row per line, authenticated by headers', async () => {
    const urls: string[] = []
    const post = (url: string, request: Parameters<typeof door.post>[1]) => {
      urls.push(url)
      return door.post(url, request)
    }
    site.answers.set('/', { status: 200 })
    const options = {
      url: site.origin,
      database: 'logs',
      table: 't',
      user: 'writer',
      password: new Secret('p'),
      maxWaiting: 1,
    }
    await createClickhouseSink(options, { ...host(), post }).write([event(1), event(2, { cached: true })])
    const query = new URL(urls[0] ?? '').searchParams
    expect(query.get('query')).toBe('INSERT INTO t FORMAT JSONEachRow')
    expect(query.get('database')).toBe('logs')
    expect(query.get('async_insert')).toBe('0')
    const [request] = site.requests
    expect(request?.headers).toMatchObject({ 'x-clickhouse-user': 'writer', 'x-clickhouse-key': 'p' })
    const rows = request?.body.split('\n').map((line) => JSON.parse(line) as GatewayEvent)
    expect(rows?.map(({ time, cached }) => [time, cached])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('an insert that is sent again has the same token, the next one another', async () => {
    const tokens: (string | null)[] = []
    let calls = 0
    const post = (url: string) => {
      tokens.push(new URL(url).searchParams.get('insert_deduplication_token'))
      return Promise.resolve({ status: ++calls === 1 ? 500 : 200, body: '', retryAfterMs: undefined })
    }
    const options = { url: site.origin, database: 'd', table: 't', user: 'u', maxWaiting: 1 }
    const deduplicated = createClickhouseSink(options, { ...host(), post })
    await deduplicated.write([event(1)])
    await deduplicated.write([event(2)])
    expect(tokens[0]).toBe(tokens[1])
    expect(tokens[2]).not.toBe(tokens[0])
  })

  test('says what the database says, without the password', async () => {
    site.answers.set('/', { status: 404, body: 'Code: 60. DB::Exception: Unknown table' })
    const failing = sink()
    await expect(failing.write([event(1)])).rejects.toThrow('Unknown table')
    expect(failing.trouble?.message).not.toContain('pass-word')
  })

  test('the table has a column for every field of an event', () => {
    const table = describeClickhouseTable('logs', 'events')
    for (const name of Object.keys(eventFields.shape)) expect(table).toMatch(new RegExp(`^  ${name} \\S`, 'm'))
    expect(table).toContain('subject Nullable(String)')
    expect(table).toContain('cached Bool')
    expect(table).toContain('latencyMs Nullable(Float64)')
    expect(table).toContain('reason LowCardinality(Nullable(String))')
  })
})
