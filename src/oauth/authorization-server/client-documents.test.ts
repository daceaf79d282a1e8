import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  refresh,
  startAuthorizationServer,
} from '../../../test/harness/authorization-server.ts'
import { completeSignIn, openBrowser, openPage, readFormToken } from '../../../test/harness/browser-login.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { FetchDocument } from '../../http/fetch-document.ts'

/** As Claude Code publishes: loopback redirects without a port, no application_type. */
const claudeCode = {
  client_id: 'https://claude.example/oauth/claude-code-client-metadata',
  client_name: 'Claude Code',
  client_uri: 'https://claude.example',
  redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'user:profile',
}

describe('clients that identify themselves by a metadata document', () => {
  let running: RunningAuthorizationServer
  const site = new Map<string, { status?: number; body: unknown }>()
  const fetched: string[] = []
  const fetchDocument: FetchDocument = async (url) => {
    fetched.push(url)
    const found = site.get(url)
    if (!found) throw new GatewayError('client_metadata_unreachable', { detail: 'no such host' })
    const body = Buffer.from(JSON.stringify(found.body))
    return {
      status: found.status ?? 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'max-age=60' },
      body,
    }
  }
  beforeAll(async () => {
    running = await startAuthorizationServer({ fetchDocument })
  })
  beforeEach(() => {
    fetched.length = 0
    site.clear()
    site.set(claudeCode.client_id, { body: claudeCode })
  })
  afterAll(() => running.close())

  async function refusedPage(clientId: string) {
    const page = await openPage(openBrowser(), buildAuthorization(running.url, clientId).url)
    expect(page.status).toBe(400)
    expect(page.location).toBeUndefined()
    return page.text
  }

  test('sign in with a random loopback port, and stay signed in when the site is down and the gateway restarted', async () => {
    const asked = buildAuthorization(running.url, claudeCode.client_id, {
      redirect_uri: 'http://localhost:54321/callback',
    })
    const browser = openBrowser()
    const login = await openPage(browser, asked.url)
    const answer = await browser.post(login.url, { form_token: readFormToken(login), name: 'ada' })
    const consent = await openPage(browser, answer.location ?? '')
    expect(consent.text).toContain('Claude Code')
    expect(consent.text).toContain('claude.example')
    const allowed = await browser.post(consent.url, { form_token: readFormToken(consent), decision: 'allow' })
    const redirect = await completeSignIn(allowed.location ?? '', { subject: 'ada', browser })
    const tokens = await redeemCode(running.url, asked, redirect)
    expect(tokens.status).toBe(200)
    expect(running.events.filter((event) => event.type === 'auth_client_registered')).toMatchObject([
      { clientId: claudeCode.client_id, clientName: 'Claude Code' },
    ])
    site.clear()
    await running.restart()
    const refreshed = await refresh(running.url, claudeCode.client_id, tokens.body['refresh_token'])
    expect(refreshed.status).toBe(200)
  })

  test('a document that cannot be fetched is a page with its reason, and nothing of the error is echoed', async () => {
    const text = await refusedPage('https://down.example/client')
    expect(text).toContain('client_metadata_unreachable')
    expect(text).not.toContain('no such host')
  })

  test.each([
    ['names another client', { ...claudeCode, client_id: 'https://claude.example/other' }],
    ['carries a secret', { ...claudeCode, client_secret: 'x' }],
    ['authenticates with a shared secret', { ...claudeCode, token_endpoint_auth_method: 'client_secret_basic' }],
    ['redirects to plain http', { ...claudeCode, application_type: 'web', redirect_uris: ['http://evil.example/cb'] }],
    ['redirects to script', { ...claudeCode, redirect_uris: ['javascript:alert(1)'] }],
    ['is no object', ['x']],
  ])('a document that %s is refused', async (_what, body) => {
    const id = 'https://bad.example/client'
    const own = Array.isArray(body) || body.client_id !== claudeCode.client_id ? body : { ...body, client_id: id }
    site.set(id, { body: own })
    await refusedPage(id)
  })

  test('only status 200 counts', async () => {
    site.set('https://gone.example/client', {
      status: 404,
      body: { ...claudeCode, client_id: 'https://gone.example/client' },
    })
    await refusedPage('https://gone.example/client')
  })

  test.each([
    'http://claude.example/client',
    'https://user@claude.example/client',
    'https://claude.example/a/../client',
    'https://claude.example/client#x',
    'https://claude.example/',
    'https://93.184.215.14/client',
    'https://[2606:2800:21f::1]/client',
  ])('%s is not even fetched', async (clientId) => {
    await refusedPage(clientId)
    expect(fetched).toEqual([])
  })

  test('a document is fetched once and remembered', async () => {
    await openPage(openBrowser(), buildAuthorization(running.url, claudeCode.client_id).url)
    await openPage(openBrowser(), buildAuthorization(running.url, claudeCode.client_id).url)
    expect(fetched.length).toBeLessThanOrEqual(1)
  })

  test('nothing is fetched, and nobody known is accepted, while metadata documents are off', async () => {
    running.settings.cimdEnabled = false
    try {
      await refusedPage(claudeCode.client_id)
      await refusedPage('https://new.example/client')
      expect(fetched).toEqual([])
    } finally {
      running.settings.cimdEnabled = true
    }
  })
})
