import { request } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { adminOrigin } from '../harness/admin-client.ts'
import { inHaste } from '../harness/haste.ts'
import { parsePrometheus } from '../harness/parse-prometheus.ts'
import { postModern } from '../harness/post-message.ts'
import { serveScript } from '../harness/scripted-upstream.ts'
import { startWorkers } from '../harness/start-workers.ts'
import { waitUntil } from '../harness/wait-until.ts'

const calls = 12

it('one worker answers for all: counts are sums, and who comes near a limit is told once', async () => {
  const site = await serveScript()
  onTestFinished(() => site.close())
  site.answers.set('/mcp', ({ body }) => {
    const { id } = JSON.parse(body) as { id: number }
    return { body: { jsonrpc: '2.0', id, result: { content: [], resultType: 'complete' } } }
  })
  site.answers.set('/alerts', { status: 200 })
  const webhooks = [{ url: `${site.origin}/alerts`, secret: 'a-secret-of-at-least-24-bytes' }]
  const gateway = await startWorkers(
    {
      settings: { admin: { listen: { port: 0 } }, alerts: { webhooks, quota: { percent: 60 } } },
      servers: { crm: { upstream: `${site.origin}/mcp`, inbound: ['keys', 'limit'] } },
      policies: { limit: ['rate-limit-inbound', { rateLimitBy: 'user', requestsAllowed: 15, timeWindowMinutes: 60 }] },
    },
    { environment: inHaste() },
  )
  onTestFinished(() => gateway.stop().then(() => undefined))
  for (let count = 0; count < calls; count++) {
    const answer = await postModern(gateway.server('crm'), gateway.key('ada'), 'tools/call', {
      name: 'a',
      arguments: {},
    })
    expect(answer.status).toBe(200)
  }
  const counted = async () => {
    const answer = await request(`${await adminOrigin(gateway.directory)}/metrics`)
    const families = parsePrometheus(await answer.body.text())
    const samples = families.get('sallyport_requests_total')?.samples ?? []
    return samples.reduce((sum, { labels, value }) => sum + (labels.virtual_server === 'crm' ? value : 0), 0)
  }
  // Every call has a connection of its own, so they came to several workers, which tell each other every so often.
  await waitUntil('all calls are counted', async () => (await counted()) === calls)
  const [told] = await waitUntil('an alert', () => site.to('/alerts').length > 0 && site.to('/alerts'))
  expect(JSON.parse(told?.body ?? '')).toMatchObject({
    type: 'alert.fired',
    data: { kind: 'quota', details: { limit: 15 } },
  })
}, 60_000)
