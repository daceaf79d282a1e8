import { afterAll, beforeAll, expect, test } from 'vitest'
import { postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  const servers = { tracker: { upstream: upstream.url, inbound: ['sign-in'] } }
  gateway = await startTestGateway({ servers, policies: signIn() })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

test('a client that is told to sign in has not failed; one whose token is wrong has', async () => {
  const outcomeOf = async (authorization: { authorization?: string }) => {
    const { headers, status } = await postRaw(gateway.server('tracker'), list, authorization)
    expect(status).toBe(401)
    const { outcome, failureOrigin, reason } = await gateway.waitForEvent(
      ({ requestId }) => requestId === headers['x-request-id'],
    )
    return { outcome, failureOrigin, reason }
  }
  expect(await outcomeOf({})).toEqual({ outcome: 'partial', failureOrigin: null, reason: 'token_missing' })
  expect(await outcomeOf({ authorization: 'Bearer x' })).toEqual({
    outcome: 'denied',
    failureOrigin: 'client',
    reason: 'token_invalid',
  })
})
