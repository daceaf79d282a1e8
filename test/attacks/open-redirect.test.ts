import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { openBrowser, readFormToken } from '../harness/browser-login.ts'

describe('the authorization endpoint redirects to registered URIs only', () => {
  let running: RunningAuthorizationServer
  let clientId: string
  beforeAll(async () => {
    running = await startAuthorizationServer()
    const redirect_uris = ['http://127.0.0.1/callback', 'https://client.example/cb', 'http://localhost/cb']
    clientId = String((await registerClient(running.url, { redirect_uris })).body['client_id'])
  })
  afterAll(() => running.close())

  test.each([
    'https://evil.example/cb',
    'https://client.example/cb/',
    'https://client.example/cb?x=1',
    'https://client.example/CB',
    'https://client.example:8443/cb',
    'https://client.example.evil.example/cb',
    'https://client.example@evil.example/cb',
    'http://client.example/cb',
    'http://127.0.0.1:1/other',
    'http://127.0.0.1:1@evil.example/callback',
    'http://127.0.0.2:1/callback',
    'http://localhost:1/callback',
    'http://[::1]:1/callback',
    'https://127.0.0.1:1/callback',
    'javascript:alert(1)',
    '//evil.example/cb',
  ])('not to %s', async (redirect_uri) => {
    for (const more of [{}, { response_type: 'nonsense' }, { code_challenge: '' }, { prompt: 'none' }]) {
      const answer = await openBrowser().get(buildAuthorization(running.url, clientId, { redirect_uri, ...more }).url)
      expect(answer.status).toBe(400)
      expect(answer.location).toBeUndefined()
      expect(answer.text).not.toContain('http-equiv')
      expect(answer.headers['content-security-policy']).toContain("form-action 'self';")
    }
  })

  test('not to one of two', async () => {
    const url = `${buildAuthorization(running.url, clientId).url}&redirect_uri=${encodeURIComponent('https://client.example/cb')}`
    const answer = await openBrowser().get(url)
    expect(answer.status).toBe(400)
    expect(answer.location).toBeUndefined()
  })

  test('not without a client', async () => {
    const answer = await openBrowser().get(
      buildAuthorization(running.url, '', { redirect_uri: 'https://evil.example/' }).url,
    )
    expect(answer.status).toBe(400)
    expect(answer.location).toBeUndefined()
  })

  test('absolute URLs come from publicUrl, whatever Host and forwarding headers say', async () => {
    const forged = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    }
    const metadata = await openBrowser().get(`${running.url}/.well-known/oauth-authorization-server`, forged)
    expect(metadata.text).not.toContain('evil.example')
    const answer = await openBrowser().get(buildAuthorization(running.url, clientId).url, forged)
    expect(answer.status).toBe(303)
    expect(answer.headers['location']).toMatch(/^\/oauth\/dev-login\//)
    expect(JSON.stringify(answer.headers)).not.toContain('evil.example')
    const browser = openBrowser()
    await browser.get(buildAuthorization(running.url, clientId).url, {
      'x-forwarded-host': 'evil.example',
      host: 'evil.example',
    })
    const [path = ''] = [...browser.cookies.values()]
      .map((cookie) => cookie.path)
      .filter((each) => each.includes('/dev-login/'))
    const page = await browser.get(running.url + path)
    const signedIn = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
    expect(signedIn.location?.origin).toBe(running.url)
  })
})
