import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OtlpCollector, startCollector } from '../harness/otlp-collector.ts'
import { postLegacy } from '../harness/post-message.ts'
import { type ScriptedSite, serveScript } from '../harness/scripted-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'

/**
 * Receivers of events refuse a whole batch for one value that they cannot read. Who could put such a value into an event would erase what everybody
 * did at the same time.
 */
let site: ScriptedSite
let collector: OtlpCollector
let gateway: TestGateway
beforeEach(async () => {
  ;[site, collector] = await Promise.all([serveScript(), startCollector()])
  site.answers.set('/events', { status: 200 })
})
afterEach(async () => {
  await gateway.close()
  await Promise.all([collector.close(), site.close()])
})

const start = async (answer: object) => {
  site.answers.set('/mcp', ({ body }) => ({
    body: { jsonrpc: '2.0', id: (JSON.parse(body) as { id: number }).id, ...answer },
  }))
  gateway = await startTestGateway({
    settings: {
      telemetry: { logLevel: 'error', otlp: { url: collector.origin, logs: true } },
      exports: { clickhouse: { url: `${site.origin}/events` } },
    },
    servers: { crm: { upstream: `${site.origin}/mcp`, inbound: [] } },
  })
}
const call = (name: string) => postLegacy(gateway.server('crm'), '', 'tools/call', { name, arguments: {} })
const exported = () =>
  site
    .to('/events')
    .map(({ body }) => body)
    .join('\n')

test.each([1.5, 1e300, -1e21])(
  'an upstream answers the error code %d, which is no integer that others can hold',
  async (code) => {
    await start({ error: { code, message: 'no' } })
    expect((await call('add')).message?.error?.code).toBe(code)
    expect((await gateway.waitForEvent(({ capability }) => capability === 'add')).jsonRpcCode).toBe(-32603)
    await waitUntil('both receivers', () => collector.logRecords().length > 0 && exported() !== '')
    expect(collector.logRecords()[0]?.attributes['sallyport.jsonRpcCode']).toBe(-32603)
    expect(JSON.parse(exported())).toMatchObject({ jsonRpcCode: -32603 })
    await waitUntil('the spans', () => collector.spans().length > 0)
    expect(collector.problems).toEqual([])
  },
)

test.each([
  ['in a name', 'half \ud83d of it', 'half \u{fffd} of it'],
  ['where a long name is cut', `${'x'.repeat(188)}\u{1f600}`, undefined],
])('a client sends half of a surrogate pair: %s', async (_, name, read) => {
  await start({ result: { content: [] } })
  await call(name)
  await waitUntil('both receivers', () => collector.logRecords().length > 0 && exported() !== '')
  expect(collector.logRecords()[0]?.attributes['sallyport.capability']).toBe(read ?? name)
  expect(JSON.parse(exported())).toMatchObject({ capability: read ?? name })
  const spans = await waitUntil('the spans', () => collector.spans().length > 0 && collector.spans())
  for (const span of spans) expect(span.name.isWellFormed()).toBe(true)
  expect(collector.problems).toEqual([])
})
