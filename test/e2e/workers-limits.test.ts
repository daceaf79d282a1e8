import { expect, it, onTestFinished } from 'vitest'
import { postRaw } from '../harness/post-message.ts'
import { openAnswer } from '../harness/read-events.ts'
import { startWorkers } from '../harness/start-workers.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { signInAt } from '../harness/write-project.ts'

// What docs/operations/running.md says each worker has. Requests come to two workers in turn.

it('each worker takes 64 streams of one person at a route', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const servers = { tracker: { upstream: upstream.url, inbound: ['keys'] } }
  const gateway = await startWorkers({ servers }, { workers: 2 })
  const headers = {
    authorization: `Bearer ${gateway.key('ada')}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
  }
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { notifications: { toolsListChanged: true }, _meta }
  const seen = new Map<string, number>()
  for (let count = 0; count < 160; count++) {
    const stream = await openAnswer(gateway.server('tracker'), headers, {
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params,
    })
    onTestFinished(() => stream.close())
    const isTaken = await stream.next().then(
      ({ method }) => method === 'notifications/subscriptions/acknowledged',
      () => false,
    )
    const outcome = isTaken ? 'taken' : (/limit_\w+/.exec(stream.text())?.[0] ?? stream.text())
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  }
  expect(Object.fromEntries(seen)).toEqual({
    taken: 128,
    limit_streams_exceeded: 32,
  })
}, 60_000)

it('each worker takes 300 registrations of one address in ten minutes', async () => {
  const servers = { tracker: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] } }
  const policies = signInAt('https://idp.example', 'a-secret')
  const gateway = await startWorkers({ servers, policies }, { workers: 2 })
  const seen = new Map<number, number>()
  for (let count = 0; count < 700; count++) {
    const { status } = await postRaw(`${gateway.origin}/oauth/register`, 'no registration')
    seen.set(status, (seen.get(status) ?? 0) + 1)
  }
  expect(Object.fromEntries(seen)).toEqual({ 400: 600, 429: 100 })
}, 60_000)
