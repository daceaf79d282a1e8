import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

describe('a sign-in', () => {
  let running: RunningAuthorizationServer
  beforeAll(async () => {
    running = await startAuthorizationServer()
  })
  afterAll(() => running.close())

  test('goes from registration to tokens that the verifier accepts', async () => {
    const { url, server } = running
    const registered = await registerClient(url)
    expect(registered.status).toBe(201)
    const asked = buildAuthorization(url, String(registered.body['client_id']))
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    expect(redirect.origin + redirect.pathname).toBe('http://127.0.0.1:53122/callback')
    expect(redirect.searchParams.get('state')).toBe('state-1')
    expect(redirect.searchParams.get('iss')).toBe(url)
    const tokens = await redeemCode(url, asked, redirect)
    expect(tokens.status).toBe(200)
    expect(tokens.headers['cache-control']).toBe('no-store')
    expect(tokens.body).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'mcp:tools' })
    expect(tokens.body['access_token']).toMatch(/^sp_at_[\w-]{43}$/)
    expect(tokens.body['refresh_token']).toMatch(/^sp_rt_[\w-]{43}$/)
    const verified = await server.verifier.verify(String(tokens.body['access_token']))
    expect(verified).toMatchObject({
      subject: { id: 'ada', clientId: registered.body['client_id'], scopes: ['mcp:tools'] },
      audience: [`${url}/mcp/tracker`],
    })
  })

  test('refreshes with everything the client once asked for', async () => {
    const { url, server } = running
    const signedIn = await signIn(url, {
      scope: 'openid mcp:tools offline_access profile',
      prompt: 'consent select_account',
    })
    const refreshed = await refresh(url, signedIn.clientId, signedIn.refreshToken, {
      scope: 'openid mcp:tools offline_access profile',
      resource: `${url}/mcp/tracker/`,
    })
    expect(refreshed.status).toBe(200)
    expect(await server.verifier.verify(String(refreshed.body['access_token']))).toMatchObject({
      subject: { id: 'ada' },
    })
  })

  test('survives a restart', async () => {
    const signedIn = await signIn(running.url)
    await running.restart()
    expect(await running.server.verifier.verify(signedIn.accessToken)).toMatchObject({ subject: { id: 'ada' } })
    expect((await refresh(running.url, signedIn.clientId, signedIn.refreshToken)).status).toBe(200)
  })

  test('advertises exactly what it does', async () => {
    const metadata = await sendJson(`${running.url}/.well-known/oauth-authorization-server`)
    expect(metadata.body).toMatchObject({ issuer: running.url, code_challenge_methods_supported: ['S256'] })
  })
})
