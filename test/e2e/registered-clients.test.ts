import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildAuthorization, redeemCode } from '../harness/authorization-server.ts'
import { completeSignIn, openBrowser } from '../harness/browser-login.ts'
import { callTool } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  gateway = await startTestGateway({
    settings: {
      clients: [{ id: 'house-assistant', name: 'House assistant', redirectUris: ['http://localhost/callback'] }],
    },
    servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const ask = (redirect_uri: string) =>
  buildAuthorization(gateway.publicUrl, 'house-assistant', { redirect_uri, resource: gateway.server('tracker') })

it('a client of the configuration signs in', async () => {
  const asked = ask('http://localhost:41234/callback')
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const { status, body } = await redeemCode(gateway.publicUrl, asked, redirect)
  expect(status).toBe(200)
  expect((await callTool(gateway.server('tracker'), String(body['access_token']), 'echo')).status).toBe(200)
  const issued = await gateway.waitForEvent((event) => event.type === 'auth_token_issued')
  expect(issued).toMatchObject({ clientId: 'house-assistant', clientName: 'House assistant', subject: 'ada' })
})

it('and is answered where the configuration says only', async () => {
  const answer = await openBrowser().get(ask('https://evil.example/callback').url)
  expect(answer.status).toBe(400)
  expect(answer.location).toBeUndefined()
  expect(answer.text).toContain('client_redirect_invalid')
})
