import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  sendJson,
  startAuthorizationServer,
} from '../../../test/harness/authorization-server.ts'
import { openBrowser, openPage } from '../../../test/harness/browser-login.ts'

describe('registration and metadata', () => {
  let running: RunningAuthorizationServer
  beforeAll(async () => {
    running = await startAuthorizationServer({
      basePath: '/gw',
      requestLimits: { register: { perAddress: 6, total: 100, windowSeconds: 600 } },
    })
  })
  afterAll(() => running.close())
  const register = (json: unknown) => sendJson(`${running.url}/gw/oauth/register`, { json })

  test('answers what was registered, as JSON that is never cached', async () => {
    const answer = await register({
      client_name: 'VS Code',
      redirect_uris: ['http://127.0.0.1:33418/'],
      grant_types: ['device_code'],
    })
    expect(answer.status).toBe(201)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.body).toMatchObject({
      client_name: 'VS Code',
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    })
    expect(answer.body['client_id']).toMatch(/^[\w-]{22}$/)
    expect(answer.body).not.toHaveProperty('client_secret')
  })

  test.each([
    [
      'no redirect',
      { client_name: 'Gemini CLI (Stored OAuth)', redirect_uris: [], grant_types: [] },
      'invalid_redirect_uri',
    ],
    ['script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['not JSON', '{', 'invalid_client_metadata'],
  ])('refuses %s with a JSON error', async (_name, json, error) => {
    const answer = await register(json)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error, reason: 'client_metadata_invalid' })
    expect(running.events.filter(({ requestId }) => requestId === answer.body['request_id'])).toMatchObject([
      { type: 'auth_token_rejected', reason: 'client_metadata_invalid', outcome: 'failure', httpStatus: 400 },
    ])
  })

  test('refuses a body over 64 KiB', async () => {
    const answer = await register({ redirect_uris: ['http://127.0.0.1/'], client_name: 'x'.repeat(70_000) })
    expect(answer.status).toBe(413)
    expect(answer.body['reason']).toBe('limit_body_exceeded')
  })

  test('limits how often one address registers', async () => {
    const answers = []
    for (let index = 0; index < 6; index++) answers.push(await register({ redirect_uris: ['http://127.0.0.1/'] }))
    const last = answers.at(-1)
    expect(last?.status).toBe(429)
    expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0)
    expect(last?.body['reason']).toBe('limit_rate_exceeded')
  })

  test.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])(
    'serves metadata at %s',
    async (path) => {
      const answer = await sendJson(running.url + path)
      expect(answer.status).toBe(200)
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(answer.body).toMatchObject({ issuer: running.url, token_endpoint: `${running.url}/gw/oauth/token` })
    },
  )

  test.each([
    '/.well-known/oauth-authorization-server/mcp/tracker',
    '/.well-known/openid-configuration/mcp/tracker',
    '/gw/oauth/nothing',
    '/gw/oauth/authorize/x/y',
    '/gw/oauth/register/abc',
  ])('answers 404 JSON at %s', async (path) => {
    expect(running.server.owns(path)).toBe(true)
    const answer = await sendJson(running.url + path)
    expect(answer.status).toBe(404)
    expect(answer.body['reason']).toBe('route_not_found')
  })

  test('owns nothing else', () => {
    for (const path of [
      '/oauth/token',
      '/mcp/tracker',
      '/gw/oauth',
      '/.well-known/oauth-protected-resource/mcp/tracker',
    ]) {
      expect(running.server.owns(path)).toBe(false)
    }
  })

  test('answers the preflight of a browser-based client', async () => {
    for (const path of [
      '/gw/oauth/token',
      '/gw/oauth/register',
      '/.well-known/oauth-authorization-server',
      '/gw/oauth/jwks',
    ]) {
      const browser = openBrowser()
      const answer = await sendPreflight(running.url + path)
      expect(answer.statusCode).toBe(204)
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(browser.cookies.size).toBe(0)
    }
  })

  test('publishes its key without the private part', async () => {
    const { body } = await sendJson(`${running.url}/gw/oauth/jwks`)
    expect(JSON.stringify(body)).toContain('"ES256"')
    expect(JSON.stringify(body)).not.toContain('"d"')
  })

  test('an unknown client meets a page that says what to do', async () => {
    const asked = buildAuthorization(running.url, 'forgotten-client')
    const page = await openPage(openBrowser(), asked.url.replace('/oauth/', '/gw/oauth/'))
    expect(page.status).toBe(400)
    expect(page.location).toBeUndefined()
    expect(page.text).toContain('client_unknown')
    expect(page.text).toContain('Remove the server from the MCP client and add it again')
    expect(page.text).toContain(String(page.headers['x-request-id']))
  })

  async function sendPreflight(url: string) {
    const { request } = await import('undici')
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
    const answer = await request(url, { method: 'OPTIONS', headers })
    await answer.body.dump()
    return answer
  }
})

test('the harness registers', async () => {
  const running = await startAuthorizationServer()
  expect((await registerClient(running.url)).status).toBe(201)
  await running.close()
})
