import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
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
import type { AuthorizationServer } from './create-authorization-server.ts'

let running: RunningAuthorizationServer
let browser: Browser
beforeEach(async () => {
  running = await startAuthorizationServer({ page: (...parts) => void answerPage(...parts) })
  browser = openBrowser()
})
afterEach(() => running.close())

/** A page that needs to know who is there: the person as JSON. `?switch` asks for somebody else first. */
async function answerPage(server: AuthorizationServer, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', running.url)
  const person = await server.browserSignIn.find(request, response)
  const switchPerson = url.searchParams.has('switch')
  if (person !== undefined && !switchPerson) response.end(JSON.stringify(person))
  else await server.browserSignIn.begin(request, response, { returnPath: '/page?a=1&b=%2F', switchPerson })
}

async function signIn(name: string, url = `${running.url}/page?a=1&b=%2F`) {
  const page = await openPage(browser, url)
  return browser.post(page.url, { form_token: readFormToken(page), name })
}

const readPerson = async () => JSON.parse((await browser.get(`${running.url}/page`)).text) as { [key: string]: unknown }

test('somebody who is not signed in does so, and comes back to the very page', async () => {
  const page = await openPage(browser, `${running.url}/page?a=1&b=%2F`)
  expect(page.text).toContain('Sign in to continue</h1>')
  expect(page.text).not.toContain('wants to connect')
  const signedIn = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
  expect([signedIn.status, signedIn.location?.href]).toEqual([303, `${running.url}/page?a=1&b=%2F`])
  const answer = await browser.get(signedIn.location ?? '')
  const sessionId: unknown = expect.stringMatching(/^[\w-]{43}$/)
  expect(JSON.parse(answer.text)).toEqual({ subject: 'ada', tenant: 'default', name: 'ada', roles: [], sessionId })
  expect(running.events.filter(({ type }) => type === 'auth_signed_in')).toMatchObject([
    { subject: 'ada', clientId: null, virtualServer: null, outcome: 'success' },
  ])
  expect(await running.storage.oauth.count('Interaction')).toBe(0)
  expect(await running.storage.oauth.count('Grant')).toBe(0)
})

test('the session is the one of authorization requests, in both directions and after a restart', async () => {
  await signIn('ada')
  const clientId = String((await registerClient(running.url)).body['client_id'])
  const consent = await openPage(browser, buildAuthorization(running.url, clientId).url)
  expect(consent.text).toContain('<strong>ada</strong>')
  await running.restart()
  expect((await readPerson())['subject']).toBe('ada')
  browser = openBrowser()
  await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'grace', browser })
  expect((await readPerson())['subject']).toBe('grace')
})

test('who is signed in may become somebody else, whose session is another one', async () => {
  await signIn('ada')
  const before = await readPerson()
  const count = await running.storage.oauth.count('Session')
  await signIn('grace', `${running.url}/page?switch`)
  expect(await readPerson()).toMatchObject({ subject: 'grace' })
  expect((await readPerson())['sessionId']).not.toBe(before['sessionId'])
  expect(await running.storage.oauth.count('Session')).toBe(count)
})

test('the link to the sign-in page, visited again, leads somebody who is signed in straight back', async () => {
  const begun = await browser.get(`${running.url}/page`)
  await signIn('ada')
  expect((await browser.get(begun.location ?? '')).location?.href).toBe(`${running.url}/page?a=1&b=%2F`)
})

test('nobody is known after signing out, after the session is over, or when dev login is off', async () => {
  await signIn('ada')
  running.settings.devLogin = false
  const away = await browser.get(`${running.url}/page`)
  expect(away.location?.pathname).toBe('/oauth/sign-in')
  running.settings.devLogin = true
  expect((await readPerson())['subject']).toBe('ada')
  const page = await browser.get(`${running.url}/oauth/sign-out`)
  await browser.post(page.url, { form_token: readFormToken(page) })
  expect((await browser.get(`${running.url}/page`)).location?.pathname).toBe('/oauth/sign-in')
  await signIn('ada')
  for (const record of await running.storage.oauth.list('Session', 10)) {
    const payload = JSON.parse(record.payload) as { exp: number }
    await running.storage.oauth.upsert({
      ...record,
      payload: JSON.stringify({ ...payload, exp: payload.exp - 86_400 }),
    })
  }
  expect((await browser.get(`${running.url}/page`)).location?.pathname).toBe('/oauth/sign-in')
})

test('what a typed name cannot be is said on the page, and the way goes on', async () => {
  const rejected = await signIn('../etc')
  expect(rejected.status).toBe(422)
  const signedIn = await browser.post(rejected.url, { form_token: readFormToken(rejected), name: 'ada' })
  expect(signedIn.location?.pathname).toBe('/page')
})

test('a form token counts for its purpose, person and session', async () => {
  const { browserSignIn } = running.server
  const ada = { subject: 'ada', tenant: 'default', claimedTenant: undefined, name: 'Ada', roles: [], sessionId: 'one' }
  const token = browserSignIn.createFormToken('disconnect tracker', ada)
  expect(browserSignIn.checkFormToken(token, 'disconnect tracker', ada)).toBe(true)
  expect(browserSignIn.checkFormToken(token, 'disconnect other', ada)).toBe(false)
  expect(browserSignIn.checkFormToken(token, 'disconnect tracker', { ...ada, sessionId: 'two' })).toBe(false)
  expect(browserSignIn.checkFormToken('', 'disconnect tracker', ada)).toBe(false)
})
