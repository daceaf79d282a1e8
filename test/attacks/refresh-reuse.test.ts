import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  registerClient,
  signIn,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'

let running: RunningAuthorizationServer
let skewMs = 0
beforeAll(async () => {
  running = await startAuthorizationServer({ clock: () => Date.now() + skewMs })
})
afterAll(() => running.close())

test('a stolen refresh token that is used after its owner rotated it ends the whole grant', async () => {
  const { url } = running
  const signedIn = await signIn(url)
  const owner = await refresh(url, signedIn.clientId, signedIn.refreshToken)
  expect(owner.status).toBe(200)
  expect(await running.server.verifier.verify(String(owner.body['access_token']))).toMatchObject({
    subject: { id: 'ada' },
  })
  skewMs = 11_000
  const thief = await refresh(url, signedIn.clientId, signedIn.refreshToken)
  expect(thief.body).toMatchObject({ error: 'invalid_grant' })
  expect((await refresh(url, signedIn.clientId, owner.body['refresh_token'])).body).toMatchObject({
    error: 'invalid_grant',
  })
  expect(await running.server.verifier.verify(String(owner.body['access_token']))).toMatch(/^token_/)
  expect(await running.server.verifier.verify(signedIn.accessToken)).toMatch(/^token_/)
  skewMs = 0
})

test('another client cannot use it at all, and using it does not hurt the owner', async () => {
  const { url } = running
  const [owner, thief] = [await signIn(url), await signIn(url)]
  expect((await refresh(url, thief.clientId, owner.refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
  expect((await refresh(url, owner.clientId, owner.refreshToken)).status).toBe(200)
})

test('it does not widen: another virtual server needs another sign-in', async () => {
  const { url } = running
  const signedIn = await signIn(url)
  const answer = await refresh(url, signedIn.clientId, signedIn.refreshToken, {
    resource: `${url}/mcp/tracker-read-only`,
  })
  expect(answer.body).toMatchObject({ error: 'invalid_target' })
})

test('a stolen one that is used in another process at the same moment ends the grant as well', async () => {
  const second = await running.startSecond()
  running.settings.refreshTokenLeewaySeconds = 0
  for (let round = 0; round < 5; round++) {
    const { clientId, refreshToken } = await signIn(running.url)
    const answers = await Promise.all([running.url, second.url].map((url) => refresh(url, clientId, refreshToken)))
    const given = answers.filter(({ status }) => status === 200)
    expect(given.length).toBeLessThan(2)
    expect(answers.find(({ status }) => status !== 200)?.body).toMatchObject({ error: 'invalid_grant' })
    for (const { body } of given) {
      for (const { verifier } of [running.server, second.server])
        expect(await verifier.verify(String(body['access_token']))).toMatch(/^token_/)
      expect((await refresh(second.url, clientId, body['refresh_token'])).body).toMatchObject({
        error: 'invalid_grant',
      })
    }
  }
  running.settings.refreshTokenLeewaySeconds = 10
  await second.close()
})

test('a stolen code that is redeemed in another process at the same moment is worth nothing to either', async () => {
  const second = await running.startSecond()
  for (let round = 0; round < 5; round++) {
    const asked = buildAuthorization(running.url, String((await registerClient(running.url)).body['client_id']))
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    const answers = await Promise.all([running.url, second.url].map((url) => redeemCode(url, asked, redirect)))
    const given = answers.filter(({ status }) => status === 200)
    expect(given.length).toBeLessThan(2)
    for (const { body } of given) {
      for (const { verifier } of [running.server, second.server])
        expect(await verifier.verify(String(body['access_token']))).toMatch(/^token_/)
      expect((await refresh(running.url, asked.clientId, body['refresh_token'])).body['error']).toBe('invalid_grant')
    }
  }
  await second.close()
})
