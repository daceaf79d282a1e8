import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'

let running: RunningAuthorizationServer
beforeAll(async () => {
  running = await startAuthorizationServer()
})
afterAll(() => running.close())

async function authorize() {
  const clientId = String((await registerClient(running.url)).body['client_id'])
  const asked = buildAuthorization(running.url, clientId)
  return { asked, redirect: await completeSignIn(asked.url, { subject: 'ada' }) }
}

test('a code that is redeemed twice ends everything it yielded', async () => {
  const { asked, redirect } = await authorize()
  const first = await redeemCode(running.url, asked, redirect)
  expect(first.status).toBe(200)
  expect(await running.server.verifier.verify(String(first.body['access_token']))).toMatchObject({
    subject: { id: 'ada' },
  })
  expect((await redeemCode(running.url, asked, redirect)).body).toMatchObject({ error: 'invalid_grant' })
  expect(await running.server.verifier.verify(String(first.body['access_token']))).toMatch(/^token_/)
  expect((await refresh(running.url, asked.clientId, first.body['refresh_token'])).body).toMatchObject({
    error: 'invalid_grant',
  })
})

test('a code expires', async () => {
  running.settings.authorizationCodeTtlSeconds = 1
  const { asked, redirect } = await authorize()
  running.settings.authorizationCodeTtlSeconds = 60
  const expired = Date.now() + 1100
  await expect.poll(() => Date.now() > expired, { timeout: 5000 }).toBe(true)
  expect((await redeemCode(running.url, asked, redirect)).body).toMatchObject({ error: 'invalid_grant' })
})

test('a code without its verifier is worth nothing', async () => {
  const { asked, redirect } = await authorize()
  const stolen = { ...asked, verifier: 'b'.repeat(43) }
  expect((await redeemCode(running.url, stolen, redirect)).body).toMatchObject({ error: 'invalid_grant' })
})
