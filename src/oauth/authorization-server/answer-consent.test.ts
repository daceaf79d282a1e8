import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  startAuthorizationServer,
} from '../../../test/harness/authorization-server.ts'
import {
  type Browser,
  completeSignIn,
  openBrowser,
  openPage,
  readFormToken,
} from '../../../test/harness/browser-login.ts'
import type { UpstreamLink } from '../../contracts/upstream-links.ts'

let running: RunningAuthorizationServer
let state: UpstreamLink['state']
let connectable: boolean
let asked: { server: string; person: object; returnPath: string } | undefined
let browser: Browser
beforeAll(async () => {
  running = await startAuthorizationServer({
    upstreamLinks: {
      async list(server, person, returnPath) {
        asked = { server, person, returnPath }
        if (server !== 'tracker') return []
        const connectPath = connectable
          ? `/auth/connections/tracker/connect?return_to=${encodeURIComponent(returnPath)}`
          : undefined
        return [{ id: 'tracker', displayName: 'Tracker', summary: 'Issues of the company', state, connectPath }]
      },
    },
    page: (_server, request, response) => {
      // The person connects their account there.
      state = 'connected'
      const location = new URL(request.url ?? '/', running.url).searchParams.get('return_to') ?? '/'
      response.writeHead(303, { location }).end()
    },
  })
})
afterAll(() => running.close())
beforeEach(() => {
  ;[state, connectable] = ['connect_required', true]
  browser = openBrowser()
})

const hosted = 'https://client.example/callback'

async function authorize(parameters: { [name: string]: string } = {}) {
  const clientId = String((await registerClient(running.url, { redirect_uris: [hosted] })).body['client_id'])
  return buildAuthorization(running.url, clientId, { redirect_uri: hosted, ...parameters })
}

async function reachConsent(url: string) {
  const page = await openPage(browser, url)
  return openPage(
    browser,
    (await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })).location ?? '',
  )
}

const allow = (page: { url: URL; text: string }) =>
  browser.post(page.url, { form_token: /form_token" value="([^"]+)/.exec(page.text)?.[1] ?? '', decision: 'allow' })
const connectPathOn = ({ text }: { text: string }) => /<a class="button" href="([^"]+)"/.exec(text)?.[1]

test('the page names the upstream and its state, and the way to connect leads back to this very page', async () => {
  const page = await reachConsent((await authorize()).url)
  expect(page.text).toContain('<h2 id="upstream-tracker">Tracker</h2><span class="state ">Not connected</span>')
  expect(page.text).toContain('Issues of the company')
  expect(page.text).toContain('until then its calls are answered with a link to connect')
  expect(asked).toEqual({
    server: 'tracker',
    person: { subject: 'ada', tenant: 'default' },
    returnPath: page.url.pathname,
  })
  const back = await openPage(browser, new URL(connectPathOn(page) ?? '', running.url))
  expect(back.url.href).toBe(page.url.href)
  expect(back.text).toContain('<span class="state good">Connected</span>')
  expect(connectPathOn(back)).toBeUndefined()
  expect((await allow(back)).status).toBe(303)
})

test('who connects later may allow the client now', async () => {
  const request = await authorize()
  const page = await reachConsent(request.url)
  const redirect = await completeSignIn((await allow(page)).location ?? '', { subject: 'ada', browser })
  expect((await redeemCode(running.url, request, redirect)).status).toBe(200)
})

test('a connection that does not hold any more is to be connected again', async () => {
  state = 'reconsent_required'
  const page = await reachConsent((await authorize()).url)
  expect(page.text).toContain('<span class="state attention">Connect again</span>')
  expect(connectPathOn(page)).toBeDefined()
})

test('where only an administrator can connect, the page says so and offers nothing', async () => {
  ;[state, connectable] = ['admin_connect_required', false]
  const page = await reachConsent((await authorize()).url)
  expect(page.text).toContain('Waits for an administrator')
  expect(connectPathOn(page)).toBeUndefined()
})

test('where there is nothing to connect, the page says nothing of it', async () => {
  const page = await reachConsent((await authorize({ resource: `${running.url}/mcp/tracker-read-only` })).url)
  expect(page.text).not.toContain('id="upstream')
})

test('a remembered consent is skipped while the upstream is connected, and shown again when it is not', async () => {
  const request = await authorize()
  await completeSignIn((await allow(await reachConsent(request.url))).location ?? '', { subject: 'ada', browser })
  const isAsked = async () => {
    let answer = await browser.get(request.url)
    while (answer.location?.origin === running.url) answer = await browser.get(answer.location)
    return answer.url.pathname.includes('/consent/') && answer.status === 200
  }
  expect(await isAsked()).toBe(true)
  state = 'connected'
  expect(await isAsked()).toBe(false)
  // Nobody is asked for what they cannot do.
  ;[state, connectable] = ['admin_connect_required', false]
  expect(await isAsked()).toBe(false)
})
