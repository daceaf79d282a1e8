import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type Browser, completeSignIn, openBrowser } from '../harness/browser-login.ts'

// A consent is remembered for exactly what was allowed. Whoever rides on it with anything else meets the page.
let running: RunningAuthorizationServer
const hosted = 'https://client.example/callback'

beforeAll(async () => {
  running = await startAuthorizationServer()
})
afterAll(() => running.close())

async function register(redirectUris: readonly string[]): Promise<string> {
  return String((await registerClient(running.url, { redirect_uris: redirectUris })).body['client_id'])
}

/** Follows redirects until a page or another host: true when the person was asked. */
async function isAsked(browser: Browser, url: string): Promise<boolean> {
  let answer = await browser.get(url)
  while (answer.location && answer.location.origin === running.url) answer = await browser.get(answer.location)
  return answer.location === undefined && answer.url.pathname.includes('/consent/')
}

async function allowOnce(clientId: string, redirectUri = hosted): Promise<Browser> {
  const browser = openBrowser()
  const { url } = buildAuthorization(running.url, clientId, { redirect_uri: redirectUri })
  await completeSignIn(url, { subject: 'ada', browser })
  return browser
}

const ask = (clientId: string, parameters: { [name: string]: string } = {}) =>
  buildAuthorization(running.url, clientId, { redirect_uri: hosted, ...parameters }).url

test('the same client, virtual server and scopes are not asked for twice', async () => {
  const clientId = await register([hosted])
  const browser = await allowOnce(clientId)
  expect(await isAsked(browser, ask(clientId))).toBe(false)
})

test('another client with the same redirect host is asked for', async () => {
  const browser = await allowOnce(await register([hosted]))
  expect(await isAsked(browser, ask(await register([hosted])))).toBe(true)
})

test('another virtual server is asked for', async () => {
  const clientId = await register([hosted])
  const browser = await allowOnce(clientId)
  expect(await isAsked(browser, ask(clientId, { resource: `${running.url}/mcp/tracker-read-only` }))).toBe(true)
})

test('another person is asked', async () => {
  const clientId = await register([hosted])
  await allowOnce(clientId)
  const other = openBrowser()
  const { url } = buildAuthorization(running.url, await register([hosted]), { redirect_uri: hosted })
  await completeSignIn(url, { subject: 'bob', browser: other })
  expect(await isAsked(other, ask(clientId))).toBe(true)
})

test('a client that wants the person to be asked is obeyed', async () => {
  const clientId = await register([hosted])
  const browser = await allowOnce(clientId)
  expect(await isAsked(browser, ask(clientId, { prompt: 'consent' }))).toBe(true)
})

test('an answer to this computer is asked for every time, also when the client has a hosted callback too', async () => {
  const local = 'http://127.0.0.1:53122/callback'
  const clientId = await register([hosted, 'http://127.0.0.1/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'])
  const browser = await allowOnce(clientId)
  expect(await isAsked(browser, ask(clientId))).toBe(false)
  expect(await isAsked(browser, ask(clientId, { redirect_uri: local }))).toBe(true)
  expect(await isAsked(browser, ask(clientId, { redirect_uri: 'cursor://anysphere.cursor-mcp/oauth/callback' }))).toBe(
    true,
  )
  const localOnly = await register(['http://127.0.0.1/callback'])
  expect(await isAsked(await allowOnce(localOnly, local), ask(localOnly, { redirect_uri: local }))).toBe(true)
})

test('a revoked grant takes the memory of its consent with it', async () => {
  const clientId = await register([hosted])
  const browser = openBrowser()
  const asked = buildAuthorization(running.url, clientId, { redirect_uri: hosted })
  const redirect = await completeSignIn(asked.url, { subject: 'ada', browser })
  await redeemCode(running.url, asked, redirect)
  // A code that is used twice revokes what came of it.
  expect((await redeemCode(running.url, asked, redirect)).status).toBe(400)
  expect(await isAsked(browser, ask(clientId))).toBe(true)
})
