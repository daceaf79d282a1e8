import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  signIn,
  startAuthorizationServer,
} from '../../../test/harness/authorization-server.ts'
import { completeSignIn, openBrowser, openPage, readFormToken } from '../../../test/harness/browser-login.ts'

describe('the authorization endpoint', () => {
  let running: RunningAuthorizationServer
  let clientId: string
  beforeAll(async () => {
    running = await startAuthorizationServer()
    clientId = String((await registerClient(running.url)).body['client_id'])
  })
  afterAll(() => running.close())

  const errorOf = async (parameters: { [name: string]: string }) => {
    const redirect = await completeSignIn(buildAuthorization(running.url, clientId, parameters).url, { subject: 'ada' })
    expect(redirect.searchParams.get('iss')).toBe(running.url)
    expect(redirect.searchParams.get('state')).toBe('state-1')
    return redirect.searchParams.get('error')
  }

  test('demands PKCE with S256', async () => {
    expect(await errorOf({ code_challenge: '', code_challenge_method: '' })).toBe('invalid_request')
    expect(await errorOf({ code_challenge_method: 'plain' })).toBe('invalid_request')
    expect(await errorOf({ code_challenge_method: '' })).toBe('invalid_request')
  })

  test('answers resources it does not have to the client, with iss', async () => {
    expect(await errorOf({ resource: `${running.url}/mcp/nothing` })).toBe('invalid_target')
    expect(await errorOf({ resource: 'https://elsewhere.example/mcp' })).toBe('invalid_target')
  })

  test('refuses the implicit flow in the fragment, where its client looks', async () => {
    const asked = buildAuthorization(running.url, clientId, { response_type: 'token' })
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    const answer = new URLSearchParams(redirect.hash.slice(1))
    expect(answer.get('error')).toBe('unsupported_response_type')
    expect(answer.get('iss')).toBe(running.url)
  })

  test('needs a resource while there are several virtual servers', async () => {
    expect(await errorOf({ resource: '' })).toBe('invalid_target')
  })

  test('takes the only virtual server when no resource is named', async () => {
    const removed = running.virtualServers.splice(1)
    try {
      const asked = buildAuthorization(running.url, clientId, { resource: '' })
      const tokens = await redeemCode(running.url, asked, await completeSignIn(asked.url, { subject: 'ada' }))
      expect(await running.server.verifier.verify(String(tokens.body['access_token']))).toMatchObject({
        audience: [`${running.url}/mcp/tracker`],
      })
    } finally {
      running.virtualServers.push(...removed)
    }
  })

  test('binds the token to one virtual server; the token leg may not name another', async () => {
    const asked = buildAuthorization(running.url, clientId)
    const redirect = await completeSignIn(asked.url, { subject: 'ada' })
    const other = { resource: `${running.url}/mcp/tracker-read-only` }
    expect((await redeemCode(running.url, asked, redirect, other)).body).toMatchObject({ error: 'invalid_target' })
  })

  test('asks for consent every time, also of a person who is signed in', async () => {
    const browser = openBrowser()
    await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser })
    const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
    expect(page.url.pathname).toMatch(/^\/oauth\/consent\//)
    expect(page.text).toContain('Signed in as <strong>ada</strong>')
  })

  test('prompt=none without a session sends login_required back', async () => {
    expect(await errorOf({ prompt: 'none' })).toBe('login_required')
  })

  test('prompt=none never approves silently, also for a person who is signed in and allowed this client before', async () => {
    const browser = openBrowser()
    await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser })
    const answer = await browser.get(buildAuthorization(running.url, clientId, { prompt: 'none' }).url)
    expect(answer.location?.searchParams.get('error')).toMatch(/^(consent|interaction)_required$/)
    expect(answer.location?.searchParams.has('code')).toBe(false)
  })

  test('tells the client that the person refused', async () => {
    const asked = buildAuthorization(running.url, clientId)
    const redirect = await completeSignIn(asked.url, { subject: 'ada', decision: 'refuse' })
    expect(redirect.searchParams.get('error')).toBe('access_denied')
    expect(redirect.searchParams.get('iss')).toBe(running.url)
    expect(redirect.searchParams.has('code')).toBe(false)
    const last = running.events.findLast((event) => event.type === 'auth_consent_refused')
    expect(last).toMatchObject({ outcome: 'denied', reason: 'grant_refused', virtualServer: 'tracker', subject: 'ada' })
  })

  test('signing in as somebody else starts the same authorization again', async () => {
    const browser = openBrowser()
    const page = await openPage(browser, (await beginConsent(browser)).url)
    const switched = await browser.post(page.url, { form_token: readFormToken(page), decision: 'switch' })
    const redirect = await completeSignIn(switched.location ?? '', { subject: 'grace', browser })
    expect(redirect.searchParams.get('state')).toBe('state-1')
    expect(running.events.findLast((event) => event.type === 'auth_consent_given')?.subject).toBe('grace')
  })

  test('another name at prompt=login replaces the session', async () => {
    const browser = openBrowser()
    await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser })
    const asked = buildAuthorization(running.url, clientId, { prompt: 'login' })
    const redirect = await completeSignIn(asked.url, { subject: 'grace', browser })
    const tokens = await redeemCode(running.url, asked, redirect)
    expect(await running.server.verifier.verify(String(tokens.body['access_token']))).toMatchObject({
      subject: { id: 'grace' },
    })
  })

  test('two sign-ins in two tabs of one browser do not disturb each other', async () => {
    const browser = openBrowser()
    const one = await openPage(browser, buildAuthorization(running.url, clientId, { state: 'one' }).url)
    const two = await openPage(browser, buildAuthorization(running.url, clientId, { state: 'two' }).url)
    const finish = async (page: typeof one) => {
      const answer = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
      return completeSignIn(answer.location ?? '', { subject: 'ada', browser })
    }
    expect((await finish(two)).searchParams.get('state')).toBe('two')
    expect((await finish(one)).searchParams.get('state')).toBe('one')
  })

  test.each(['http://127.0.0.1:1/callback', 'http://127.0.0.1:65535/callback', 'http://127.0.0.1/callback'])(
    'ignores the port of a loopback redirect: %s',
    async (redirect_uri) => {
      expect((await signInWith(redirect_uri)).href.startsWith(`${redirect_uri}?`)).toBe(true)
    },
  )

  test('redirects to a private-use scheme', async () => {
    const redirectUri = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const id = String((await registerClient(running.url, { redirect_uris: [redirectUri] })).body['client_id'])
    const asked = buildAuthorization(running.url, id, { redirect_uri: redirectUri })
    const browser = openBrowser()
    const redirect = await completeSignIn(asked.url, { subject: 'ada', browser })
    expect(redirect.href).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?/)
    expect((await redeemCode(running.url, asked, redirect)).status).toBe(200)
  })

  test('records the whole story as events without a secret in them', async () => {
    running.events.length = 0
    const { accessToken, refreshToken } = await signIn(running.url)
    expect(running.events.map((event) => event.type)).toEqual([
      'auth_client_registered',
      'auth_authorize_started',
      'auth_signed_in',
      'auth_consent_given',
      'auth_token_issued',
    ])
    expect(running.events.at(-1)).toMatchObject({ subject: 'ada', virtualServer: 'tracker', clientName: 'Test client' })
    const text = JSON.stringify(running.events)
    expect(text).not.toContain(accessToken)
    expect(text).not.toContain(refreshToken)
  })

  test('dev login is not there when it is off', async () => {
    const browser = openBrowser()
    const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
    running.settings.devLogin = false
    try {
      expect((await browser.get(page.url)).status).toBe(404)
      const form = { form_token: readFormToken(page), name: 'ada' }
      expect((await browser.post(page.url, form)).status).toBe(404)
    } finally {
      running.settings.devLogin = true
    }
  })

  test('a name that cannot be one is asked for again', async () => {
    const browser = openBrowser()
    const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
    const again = await browser.post(page.url, { form_token: readFormToken(page), name: '<script>' })
    expect(again.status).toBe(422)
    expect(again.text).toContain('value="&lt;script&gt;"')
  })

  async function signInWith(redirect_uri: string): Promise<URL> {
    return completeSignIn(buildAuthorization(running.url, clientId, { redirect_uri }).url, { subject: 'ada' })
  }

  async function beginConsent(browser: ReturnType<typeof openBrowser>) {
    const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
    const answer = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
    return openPage(browser, answer.location ?? '')
  }
})
