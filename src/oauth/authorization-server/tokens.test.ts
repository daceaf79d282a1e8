import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  registerClient,
  sendJson,
  signIn,
  startAuthorizationServer,
} from '../../../test/harness/authorization-server.ts'
import { completeSignIn } from '../../../test/harness/browser-login.ts'
import { sha256 } from '../../lib/hash.ts'

describe('the token endpoint', () => {
  let running: RunningAuthorizationServer
  let clientId: string
  let skewMs = 0
  beforeAll(async () => {
    running = await startAuthorizationServer({ clock: () => Date.now() + skewMs })
    clientId = String((await registerClient(running.url)).body['client_id'])
  })
  afterEach(() => {
    skewMs = 0
  })
  afterAll(() => running.close())

  const verify = (token: unknown) => running.server.verifier.verify(String(token))

  test('answers errors as JSON that is never cached', async () => {
    for (const form of [{}, { grant_type: 'authorization_code' }, { grant_type: 'password', client_id: clientId }]) {
      const answer = await sendJson(`${running.url}/oauth/token`, { form, headers: { accept: 'text/html' } })
      expect(answer.status).toBe(400)
      expect(answer.headers['content-type']).toContain('application/json')
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(answer.body['error']).toBeTypeOf('string')
      expect(answer.body['reason']).toBe('grant_request_invalid')
      expect(answer.body['request_id']).toBe(answer.headers['x-request-id'])
    }
  })

  test('does not know a client that never registered', async () => {
    const answer = await refresh(running.url, 'nobody', 'sp_rt_x')
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ error: 'invalid_client', reason: 'client_unknown' })
  })

  test('refuses a wrong verifier, redirect and client', async () => {
    const other = String((await registerClient(running.url)).body['client_id'])
    const asked = buildAuthorization(running.url, clientId)
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    for (const form of [
      { code_verifier: 'a'.repeat(43) },
      { redirect_uri: 'http://127.0.0.1:1/callback' },
      { client_id: other },
    ]) {
      expect((await redeemCode(running.url, asked, redirect, form)).body).toMatchObject({ error: 'invalid_grant' })
    }
    expect((await redeemCode(running.url, asked, redirect)).status).toBe(200)
  })

  test('of two simultaneous redemptions of one code at most one yields tokens, and they end', async () => {
    const asked = buildAuthorization(running.url, clientId)
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeemCode(running.url, asked, redirect)))
    const winners = answers.filter((answer) => answer.status === 200)
    expect(winners.length).toBeLessThanOrEqual(1)
    for (const { body } of winners) expect(await verify(body['access_token'])).toMatch(/^token_/)
  })

  test('confidential clients authenticate with their secret, which is stored sealed', async () => {
    const registered = await registerClient(running.url, { token_endpoint_auth_method: 'client_secret_post' })
    const id = String(registered.body['client_id'])
    const client_secret = String(registered.body['client_secret'])
    const record = await running.storage.oauth.find('Client', sha256(id))
    expect(record?.payload).not.toContain(client_secret)
    const asked = buildAuthorization(running.url, id)
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    expect((await redeemCode(running.url, asked, redirect, { client_secret: 'wrong' })).status).toBe(401)
    expect((await redeemCode(running.url, asked, redirect, { client_secret })).status).toBe(200)
  })

  test('no bearer value is stored, only hashes', async () => {
    const { accessToken, refreshToken } = await signIn(running.url)
    for (const [model, token] of [
      ['AccessToken', accessToken],
      ['RefreshToken', refreshToken],
    ] as const) {
      const record = await running.storage.oauth.find(model, sha256(token))
      expect(record?.payload).toBeTypeOf('string')
      expect(record?.payload).not.toContain(token)
    }
  })

  test('clients that do not ask for refresh tokens get none', async () => {
    const registered = await registerClient(running.url, { grant_types: ['authorization_code'] })
    const asked = buildAuthorization(running.url, String(registered.body['client_id']))
    const tokens = await redeemCode(running.url, asked, await completeSignIn(asked.url, { subject: 'ada' }))
    expect(tokens.status).toBe(200)
    expect(tokens.body).not.toHaveProperty('refresh_token')
  })

  test('six simultaneous refreshes of one token all succeed', async () => {
    const signedIn = await signIn(running.url)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => refresh(running.url, signedIn.clientId, signedIn.refreshToken)),
    )
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 200])
    for (const { body } of answers) expect(await verify(body['access_token'])).toMatchObject({ subject: { id: 'ada' } })
  })

  test('lifetimes follow the settings at once', async () => {
    running.settings.accessTokenTtlSeconds = 5
    try {
      const signedIn = await signIn(running.url)
      expect(signedIn.body['expires_in']).toBe(5)
      expect(await verify(signedIn.accessToken)).toMatchObject({ subject: { id: 'ada' } })
      skewMs = 5000
      expect(await verify(signedIn.accessToken)).toBe('token_expired')
    } finally {
      running.settings.accessTokenTtlSeconds = 900
    }
  })

  test('a refresh token of a virtual server that is gone is refused', async () => {
    const signedIn = await signIn(running.url, { resource: `${running.url}/mcp/tracker-read-only` })
    const removed = running.virtualServers.splice(1)
    try {
      const answer = await refresh(running.url, signedIn.clientId, signedIn.refreshToken)
      expect(answer.body['error']).toBe('invalid_target')
    } finally {
      running.virtualServers.push(...removed)
    }
  })

  test('revoking the refresh token ends the access token at once', async () => {
    const signedIn = await signIn(running.url)
    expect(await verify(signedIn.accessToken)).toMatchObject({ subject: { id: 'ada' } })
    const form = { token: signedIn.refreshToken, client_id: signedIn.clientId }
    expect((await sendJson(`${running.url}/oauth/revoke`, { form })).status).toBe(200)
    expect(await verify(signedIn.accessToken)).toBe('token_revoked')
    expect((await refresh(running.url, signedIn.clientId, signedIn.refreshToken)).body['error']).toBe('invalid_grant')
    expect(running.events.some((event) => event.type === 'auth_token_revoked')).toBe(true)
  })

  test('revoking the access token ends it at once', async () => {
    const signedIn = await signIn(running.url)
    const form = { token: signedIn.accessToken, client_id: signedIn.clientId, token_type_hint: 'access_token' }
    expect((await sendJson(`${running.url}/oauth/revoke`, { form })).status).toBe(200)
    expect(await verify(signedIn.accessToken)).toMatch(/^token_/)
  })

  test("nobody revokes another client's token", async () => {
    const signedIn = await signIn(running.url)
    await sendJson(`${running.url}/oauth/revoke`, { form: { token: signedIn.refreshToken, client_id: clientId } })
    expect(await verify(signedIn.accessToken)).toMatchObject({ subject: { id: 'ada' } })
  })

  test('revokeGrant ends every token of a grant', async () => {
    const signedIn = await signIn(running.url)
    const verified = await verify(signedIn.accessToken)
    if (typeof verified === 'string') throw new Error(verified)
    await running.server.revokeGrant(verified.grantId)
    expect(await verify(signedIn.accessToken)).toBe('token_revoked')
    expect((await refresh(running.url, signedIn.clientId, signedIn.refreshToken)).body['error']).toBe('invalid_grant')
  })

  test('a client in use outlives 90 days, an unused one does not', async () => {
    const dayMs = 24 * 3600 * 1000
    const unused = String((await registerClient(running.url)).body['client_id'])
    const used = await signIn(running.url)
    skewMs = 60 * dayMs
    const refreshed = await refresh(running.url, used.clientId, used.refreshToken)
    expect(refreshed.status).toBe(200)
    await expect
      .poll(async () => (await running.storage.oauth.find('Client', sha256(used.clientId)))?.expiresAtMs)
      .toBeGreaterThan(Date.now() + 149 * dayMs)
    skewMs = 91 * dayMs
    expect((await refresh(running.url, used.clientId, refreshed.body['refresh_token'])).body['error']).not.toBe(
      'invalid_client',
    )
    expect((await refresh(running.url, unused, 'sp_rt_x')).body['error']).toBe('invalid_client')
  })
})
