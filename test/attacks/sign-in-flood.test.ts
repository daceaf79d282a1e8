import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  sendJson,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { openBrowser } from '../harness/browser-login.ts'

// Every sign-in that begins is stored until it ends or expires. Nobody needs an account to begin one.
let running: RunningAuthorizationServer
let clientId: string
const limit = { perAddress: 3, total: 100, windowSeconds: 600 }

beforeAll(async () => {
  running = await startAuthorizationServer({ requestLimits: { authorize: limit, token: limit } })
  clientId = String((await registerClient(running.url)).body['client_id'])
})
afterAll(() => running.close())

test('a flood of begun sign-ins ends at a page that says when to come back, and stores nothing more', async () => {
  const { url } = buildAuthorization(running.url, clientId)
  const begin = () => openBrowser().get(url)
  const begun = [await begin(), await begin(), await begin()]
  expect(begun.map(({ status }) => status)).toEqual([303, 303, 303])
  const stored = await running.storage.oauth.count('Interaction')
  const refused = await begin()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(refused.text).toContain('limit_rate_exceeded')
  expect(await running.storage.oauth.count('Interaction')).toBe(stored)
})

test('a sign-in with a huge state is not stored', async () => {
  const other = await startAuthorizationServer()
  const client = String((await registerClient(other.url)).body['client_id'])
  const { url } = buildAuthorization(other.url, client, { state: 'x'.repeat(9000) })
  expect((await openBrowser().get(url)).status).toBe(414)
  expect(await other.storage.oauth.count('Interaction')).toBe(0)
  await other.close()
})

test('guessing at the token endpoint is limited', async () => {
  const guess = () =>
    sendJson(`${running.url}/oauth/token`, { form: { grant_type: 'authorization_code', code: 'guess' } })
  const statuses = []
  for (let tries = 0; tries < 5; tries++) statuses.push((await guess()).status)
  expect(statuses.slice(0, 3)).not.toContain(429)
  expect(statuses.slice(3)).toEqual([429, 429])
})

test('guessing at the revocation endpoint is guessing at the token endpoint', async () => {
  const other = await startAuthorizationServer({ requestLimits: { token: limit } })
  const guess = () => sendJson(`${other.url}/oauth/revoke`, { form: { client_id: 'nobody', token: 'guess' } })
  const statuses = []
  for (let tries = 0; tries < 5; tries++) statuses.push((await guess()).status)
  expect(statuses).toEqual([401, 401, 401, 429, 429])
  expect(other.events.at(-1)).toMatchObject({ type: 'auth_token_rejected', reason: 'limit_rate_exceeded' })
  await other.close()
})
