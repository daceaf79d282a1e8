import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'

let running: RunningAuthorizationServer
beforeAll(async () => {
  running = await startAuthorizationServer()
})
afterAll(() => running.close())

const register = async () => String((await registerClient(running.url)).body['client_id'])

test('every answer says who gave it, so that a client with two servers cannot be confused (RFC 9207)', async () => {
  const asked = buildAuthorization(running.url, await register())
  const allowed = await completeSignIn(asked.url, { subject: 'ada' })
  const refused = await completeSignIn(asked.url, { subject: 'ada', decision: 'refuse' })
  const failed = await completeSignIn(
    buildAuthorization(running.url, asked.clientId, { resource: 'https://x.example/' }).url,
    {
      subject: 'ada',
    },
  )
  for (const redirect of [allowed, refused, failed]) expect(redirect.searchParams.getAll('iss')).toEqual([running.url])
})

test('a code of one client is worth nothing to another', async () => {
  const asked = buildAuthorization(running.url, await register())
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const other = await redeemCode(running.url, { ...asked, clientId: await register() }, redirect)
  expect(other.body).toMatchObject({ error: 'invalid_grant' })
})

test('a code sent to one port is not redeemed with another redirect URI', async () => {
  const asked = buildAuthorization(running.url, await register())
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const other = await redeemCode(running.url, { ...asked, redirectUri: 'http://127.0.0.1:1/callback' }, redirect)
  expect(other.body).toMatchObject({ error: 'invalid_grant' })
})
