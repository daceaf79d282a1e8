import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import { openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let echo: EchoUpstream
let held: HeldUpstream
let gateway: TestGateway
beforeAll(async () => {
  echo = await startEchoUpstream()
  held = await startHeldUpstream()
  gateway = await startTestGateway({
    // Nothing but the answers themselves has events written within the time of the test.
    settings: { events: { durable: true, flushMilliseconds: 600_000 } },
    servers: {
      echo: { upstream: echo.url, inbound: ['sign-in'] },
      held: { upstream: held.url, inbound: [] },
    },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([echo.close(), held.close()])
})

describe('whoever has the answer finds its event', () => {
  test('of a call, of many at once, and of a refusal', async () => {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('echo'))
    expect(gateway.events().map(({ type }) => type)).toContain('auth_token_issued')
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => callTool(gateway.server('echo'), accessToken, 'echo')),
      callTool(gateway.server('echo'), 'nobody', 'echo'),
    ])
    const recorded = new Set(gateway.events().map(({ requestId }) => requestId))
    expect(answers.map(({ status }) => status)).toContain(401)
    expect(answers.filter(({ headers }) => !recorded.has(String(headers['x-request-id'])))).toEqual([])
  })

  test('of a stream, whose progress does not wait', async () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hold', arguments: {} } }
    const opened = openAnswer(gateway.server('held'), { 'mcp-protocol-version': '2025-11-25' }, call)
    const upstream = await held.nextCall()
    upstream.reportProgress(1)
    const answer = await opened
    expect(await answer.next()).toMatchObject({ method: 'notifications/progress' })
    upstream.answer('done')
    expect(await answer.next()).toMatchObject({ id: 1 })
    const recorded = gateway.events().map(({ requestId }) => requestId)
    expect(recorded).toContain(String(answer.headers['x-request-id']))
  })
})
