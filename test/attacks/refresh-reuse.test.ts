import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type RunningAuthorizationServer,
  refresh,
  signIn,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'

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
