import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { adminOrigin } from '../harness/admin-client.ts'
import { hasten } from '../harness/haste.ts'
import { parsePrometheus } from '../harness/parse-prometheus.ts'
import { postModern, postRaw } from '../harness/post-message.ts'
import { type ScriptedSite, serveScript } from '../harness/scripted-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'

const secret = 'a-secret-of-at-least-24-bytes'
const promtool = findPromtool()
let upstream: ScriptedSite
let receiver: ScriptedSite
let gateway: TestGateway

beforeAll(async () => {
  upstream = await serveScript()
  upstream.answers.set('/mcp', ({ body }) => {
    const { id } = JSON.parse(body) as { id: number }
    return { body: { jsonrpc: '2.0', id, result: { content: [], resultType: 'complete' } } }
  })
})
afterAll(() => upstream.close())
beforeEach(async () => {
  receiver = await serveScript()
})
afterEach(async () => {
  await gateway.close()
  await receiver.close()
})

const start = async (settings: object) => {
  const servers = { crm: { upstream: `${upstream.origin}/mcp`, inbound: ['limit'] } }
  const limit = { rateLimitBy: 'all', requestsAllowed: 5, timeWindowMinutes: 1 }
  gateway = await startTestGateway({ settings, servers, policies: { limit: ['rate-limit-inbound', limit] } })
}
const call = () => postModern(gateway.server('crm'), '', 'tools/call', { name: 'add', arguments: {} })
const read = async (path: string) => {
  const answer = await request(`${await adminOrigin(gateway.directory)}${path}`)
  return { status: answer.statusCode, type: answer.headers['content-type'], text: await answer.body.text() }
}
const metrics = async () => parsePrometheus((await read('/metrics')).text)
const sample = async (name: string, labels: object = {}) =>
  (await metrics())
    .get(name)
    ?.samples.find((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value))?.value

describe('/metrics', () => {
  test('counts what happened, and what the gateway has', async () => {
    await start({})
    await call()
    await call()
    await postRaw(gateway.server('crm'), '{')
    await waitUntil(
      'three requests',
      async () => (await sample('sallyport_events_total', { type: 'mcp_request_rejected' })) === 1,
    )
    expect(await sample('sallyport_requests_total', { virtual_server: 'crm', outcome: 'success' })).toBe(2)
    expect(await sample('sallyport_requests_total', { reason: 'message_not_json', outcome: 'denied' })).toBe(1)
    const times = (await metrics()).get('sallyport_upstream_duration_seconds')?.samples
    expect(times?.find(({ labels }) => labels.le === '+Inf')).toMatchObject({
      labels: { virtual_server: 'crm', method: 'tools/call' },
      value: 2,
    })
    expect(await sample('sallyport_upstream_connections', { virtual_server: 'crm' })).toBe(1)
    expect(await sample('sallyport_sink_dropped_total', { sink: 'sqlite' })).toBe(0)
    expect(await sample('sallyport_requests_in_flight')).toBe(0)
    expect(await sample('sallyport_build_info')).toBe(1)
    expect((await read('/metrics')).type).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test.skipIf(promtool === undefined)('is what promtool takes for metrics', async () => {
    await start({})
    await call()
    await waitUntil('a request', async () => (await sample('sallyport_requests_total')) === 1)
    const { text } = await read('/metrics')
    expect(execFileSync(promtool ?? '', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
  })

  test('is not there where the operator says so', async () => {
    await start({ telemetry: { logLevel: 'error', metrics: false } })
    expect((await read('/metrics')).status).toBe(404)
  })
})

test('events reach a webhook and a database; what a dead one costs is seen everywhere but in calls', async () => {
  receiver.answers.set('/hook', { status: 204 })
  receiver.answers.set('/', { status: 200 })
  await start({
    exports: {
      webhooks: [
        { name: 'siem', url: `${receiver.origin}/hook`, secret },
        { name: 'dead', url: 'http://127.0.0.1:9/', secret, maxWaiting: 1 },
      ],
      clickhouse: { url: receiver.origin, password: 'not-in-the-log' },
    },
  })
  expect((await call()).status).toBe(200)
  await waitUntil('both receivers', () => receiver.to('/hook').length > 0 && receiver.to('/').length > 0)
  const [posted] = receiver.to('/hook')
  const signed = `${String(posted?.headers['webhook-id'])}.${String(posted?.headers['webhook-timestamp'])}.${posted?.body}`
  expect(posted?.headers['webhook-signature']).toBe(
    `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  )
  expect(JSON.parse(receiver.to('/')[0]?.body.split('\n')[0] ?? '')).toMatchObject({ virtualServer: 'crm' })

  const startMs = performance.now()
  for (let count = 0; count < 4; count++) {
    await call()
    await gateway.waitForEvent(() => gateway.events().length > count + 1)
  }
  expect(performance.now() - startMs).toBeLessThan(5000)
  await waitUntil(
    'a drop',
    async () => ((await sample('sallyport_sink_dropped_total', { sink: 'webhook dead' })) ?? 0) > 0,
  )
  expect(await sample('sallyport_sink_up', { sink: 'webhook dead' })).toBe(0)
  expect(await sample('sallyport_sink_up', { sink: 'webhook siem' })).toBe(1)
  const ready = await read('/readyz')
  expect(ready.status).toBe(200)
  expect(JSON.parse(ready.text)).toMatchObject({
    status: 'ready',
    sinks: { 'webhook dead': { state: 'failing' }, 'webhook siem': { state: 'ok', dropped: 0 } },
  })
  expect(ready.text).not.toContain('127.0.0.1:9')
})

test('an alert reaches the operator', async () => {
  onTestFinished(hasten())
  receiver.answers.set('/alerts', { status: 200 })
  await start({ alerts: { webhooks: [{ url: `${receiver.origin}/alerts`, secret }], quota: { percent: 60 } } })
  for (let count = 0; count < 4; count++) await call()
  const [told] = await waitUntil('an alert', () => receiver.to('/alerts').length > 0 && receiver.to('/alerts'))
  expect(JSON.parse(told?.body ?? '')).toMatchObject({
    type: 'alert.fired',
    data: { kind: 'quota', gateway: gateway.publicUrl, details: { policy: 'limit', by: 'all', used: 4, limit: 5 } },
  })
})

test('settings that would send secrets over an open line are refused', async () => {
  const webhooks = [{ name: 'far', url: 'http://logs.example.com/', secret }]
  await expect(start({ exports: { webhooks } })).rejects.toThrow(/problem|https/i)
  await start({ exports: { webhooks: webhooks.map((webhook) => ({ ...webhook, insecure: true })) } })
})

function findPromtool(): string | undefined {
  for (const name of [process.env.PROMTOOL ?? 'promtool', '/usr/bin/promtool']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return name
    } catch {
      // Not installed here; the parser of the harness checks the same.
    }
  }
  console.warn(
    'SKIPPED: promtool is not installed; only the parser of the harness reads /metrics. apt-get install prometheus',
  )
  return undefined
}
