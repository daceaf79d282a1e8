import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeClickhouseColumns, describeClickhouseTable } from '../../src/analytics/clickhouse-table.ts'
import { type GatewayEvent, newEvent } from '../../src/analytics/event.ts'
import { createClickhouseSink } from '../../src/analytics/sinks/clickhouse.ts'
import { createPostExport } from '../../src/http/post-export.ts'
import { type ClickhouseServer, findChdb, startClickhouse } from '../harness/clickhouse.ts'
import { postLegacy, postRaw } from '../harness/post-message.ts'
import { serveScript } from '../harness/scripted-upstream.ts'
import { startTestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'

const python = findChdb()
const database = 'logs'
const table = 'events'

describe.skipIf(python === undefined)('ClickHouse', () => {
  let clickhouse: ClickhouseServer
  let door: ReturnType<typeof createPostExport>
  beforeAll(async () => {
    clickhouse = await startClickhouse(python ?? '')
    await clickhouse.query(`CREATE DATABASE ${database}`)
  }, 60_000)
  afterAll(() => clickhouse.close())
  beforeEach(async () => {
    door = createPostExport()
    await clickhouse.query(describeClickhouseTable(database, table))
  })
  afterEach(async () => {
    await clickhouse.query(`DROP TABLE ${database}.${table}`)
    await door.close()
  })

  const openSink = (post: typeof door.post = door.post) =>
    createClickhouseSink(
      { url: clickhouse.origin, database, table, user: 'default', maxWaiting: 10 },
      { post, clock: Date.now, firstPauseMs: 1 },
    )
  const plain = 'FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 0'
  const readRows = (columns = '*') =>
    clickhouse.query<GatewayEvent>(`SELECT ${columns} FROM ${database}.${table} ORDER BY time, id ${plain}`)
  const event = (change: Partial<GatewayEvent> = {}): GatewayEvent => ({
    ...newEvent('capability_completed', Date.now(), 'r'),
    ...change,
  })

  test('has every event of a gateway as the store has it', async () => {
    const site = await serveScript()
    site.answers.set('/mcp', ({ body }) => {
      const { id, params } = JSON.parse(body) as { id: number; params: { name: string } }
      const error = params.name === 'breaks' ? { error: { code: -32603, message: 'no' } } : undefined
      return { body: { jsonrpc: '2.0', id, ...(error ?? { result: { content: [{ type: 'text', text: 'x' }] } }) } }
    })
    const gateway = await startTestGateway({
      settings: { exports: { clickhouse: { url: clickhouse.origin, database, table } } },
      policies: { only: ['mcp-capability-filter-inbound', { deny: { tools: ['hidden'] } }] },
      servers: { crm: { upstream: `${site.origin}/mcp`, inbound: ['only'] } },
    })
    const url = gateway.server('crm')
    const names = ['add', 'breaks', 'hidden', 'é😀 "quoted" \\ \n\t', 'half \ud83d', '\0']
    for (const name of names) await postLegacy(url, '', 'tools/call', { name, arguments: {} })
    await postRaw(url, '{')
    await waitUntil('all events', async () => (await readRows('id')).length === names.length + 1)
    const stored = gateway.events().toSorted((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
    // ClickHouse has UTF-8, in which there are no halves of characters.
    const wellFormed = stored.map((each) => ({ ...each, capability: each.capability?.toWellFormed() ?? null }))
    expect(await readRows()).toEqual(wellFormed)
    expect(new Set(stored.map(({ outcome }) => outcome))).toEqual(new Set(['success', 'application_error', 'denied']))
    await gateway.close()
    await site.close()
  })

  test('takes the largest and the smallest of every field', async () => {
    const text = `\0\u{1}\u{7f}\u{2028}'"\\/${'é😀'.repeat(1000)}`
    const numbers = { bytesIn: Number.MAX_SAFE_INTEGER, bytesOut: 0, jsonRpcCode: -32768, latencyMs: 1e-7 }
    const full = { ...numbers, upstreamMs: 123_456.789012345, cached: true, subject: text, steps: text, detail: text }
    const events = [event(), event(full)].map((each, index) => ({ ...each, time: 1_800_000_000_000 + index }))
    await openSink().write(events)
    expect(await readRows()).toEqual(events)
    const times = await readRows('toUnixTimestamp64Milli(at) AS time')
    expect(times).toEqual(events.map(({ time }) => ({ time })))
  })

  test('takes a batch once, however often it is sent', async () => {
    let lost = 2
    const sink = openSink(async (url, request) => {
      const answer = await door.post(url, request)
      expect(answer).toMatchObject({ status: 200 })
      return lost-- > 0 ? { ...answer, status: 503 } : answer
    })
    const events = [event(), event()]
    await sink.write(events)
    expect(lost).toBe(-1)
    expect(await readRows()).toHaveLength(2)
    // It is the token that tells, and not that the rows are alike.
    await sink.write(events)
    expect(await readRows()).toHaveLength(4)
  })

  test('leaves out what an older table has no column for, until it is told', async () => {
    await clickhouse.query(`ALTER TABLE ${database}.${table} DROP COLUMN detail, DROP COLUMN cached`)
    const sink = openSink()
    await sink.write([event({ detail: 'a', cached: true, time: 1_800_000_000_000 })])
    expect((await readRows())[0]).not.toHaveProperty('detail')
    for (let times = 0; times < 2; times++) await clickhouse.query(describeClickhouseColumns(database, table))
    await sink.write([event({ detail: 'b', cached: true, time: 1_800_000_000_001 })])
    expect((await readRows()).map(({ detail, cached }) => [detail, cached])).toEqual([
      [null, false],
      ['b', true],
    ])
  })

  test('says what is wrong with a table that is not there', async () => {
    await clickhouse.query(`RENAME TABLE ${database}.${table} TO ${database}.elsewhere`)
    try {
      await expect(openSink().write([event()])).rejects.toThrow('UNKNOWN_TABLE')
    } finally {
      await clickhouse.query(`RENAME TABLE ${database}.elsewhere TO ${database}.${table}`)
    }
  })
})
