import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asGatewayError } from '../../src/errors/gateway-error.ts'
import type { AuthorizationServer } from '../../src/oauth/authorization-server/create-authorization-server.ts'
import { buildAuthorization, registerClient } from '../harness/authorization-server.ts'
import { type Browser, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { completeFederatedSignIn, mustSignIn } from '../harness/federated-login.ts'
import { type FederatedServer, startFederatedServer } from '../harness/federated-server.ts'
import { expectRefusal } from '../harness/refusal.ts'

let federated: FederatedServer
let url: string
let returnPath: string
let browser: Browser
beforeAll(async () => {
  federated = await startFederatedServer({ page: (...parts) => void answerPage(...parts) })
  url = federated.running.url
})
afterAll(() => federated.close())
beforeEach(() => {
  federated.configure({ allow: {} })
  returnPath = '/page'
  browser = openBrowser()
})

/** A page of the gateway that needs to know who is there. */
async function answerPage(server: AuthorizationServer, request: IncomingMessage, response: ServerResponse) {
  const person = await server.browserSignIn.find(request, response)
  const switchPerson = request.url?.endsWith('?switch') === true
  if (person !== undefined && !switchPerson) return response.end(person.subject)
  try {
    await server.browserSignIn.begin(request, response, { returnPath, switchPerson })
  } catch (error) {
    response.writeHead(400).end(asGatewayError(error).reason)
  }
  return undefined
}

const signIn = (name: string, options = {}) =>
  completeFederatedSignIn(`${url}/page`, federated.idp.issuer, { name, browser, ...options })
const whoIsThere = async (visitor = browser) => {
  const answer = await visitor.get(`${url}/page`)
  return answer.status === 200 ? answer.text : undefined
}
const begin = async (visitor = browser) => (await visitor.get(`${url}/page`)).location ?? new URL(url)
const ada = () => `${new URL(federated.idp.issuer).host}|ada`
const countSessions = () => federated.running.storage.oauth.count('Session')

test('without a trick a person signs in at the identity provider and is back', async () => {
  const { page } = await signIn('ada')
  expect([page?.url.href, page?.text]).toEqual([`${url}/page`, ada()])
})

describe('open redirect: a page never leads back to another host', () => {
  test.each([
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example/',
    'https://evil.example/',
    'evil.example',
    '@evil.example/',
    '/\t/evil.example/',
    '/\r\nlocation: https://evil.example/',
    ' //evil.example/',
    '/ä',
    '',
    `/page?${'a'.repeat(5000)}`,
  ])('%.40j', async (path) => {
    returnPath = path
    const answer = await browser.get(`${url}/page`)
    expect(answer.status).toBe(400)
    expect(answer.text).toBe('grant_request_invalid')
    expect(answer.location).toBeUndefined()
  })

  test.each([
    ['return_to', 'https://evil.example/'],
    ['return_to', '//evil.example/'],
    ['return_to', '/another-page'],
    ['account', 'other'],
    ['token', 'A'.repeat(43)],
    ['token', ''],
  ])('%s changed to %s in the link to the sign-in page', async (name, value) => {
    const link = await begin()
    link.searchParams.set(name, value)
    const answer = await browser.get(link)
    expectRefusal(federated.running.events, answer, { status: 400, reason: 'grant_request_invalid' })
    expect(answer.location).toBeUndefined()
  })
})

test('the return path of one sign-in cannot be set by an authorization request', async () => {
  const clientId = String((await registerClient(url)).body['client_id'])
  const asked = buildAuthorization(url, clientId, {
    return_to: '/page',
    returnPath: '/page',
    prompt: 'login',
    'prompt.details.returnPath': '/page',
  })
  const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', browser })
  expect(redirect.pathname).toBe('/callback')
})

test('login CSRF: a callback of the attacker in the browser of the victim signs nobody in', async () => {
  const attacker = openBrowser()
  const isCallback = (to: URL) => to.pathname === '/oauth/callback'
  const { redirect } = await signIn('mallory', {
    browser: attacker,
    onRedirect: (to: URL) => (isCallback(to) ? undefined : to),
  })
  const passedOn = await browser.get(redirect ?? '')
  const answer = await browser.get(passedOn.location ?? '')
  expectRefusal(federated.running.events, answer, { status: 403, reason: 'grant_expired' })
  expect(await whoIsThere()).toBeUndefined()
})

test('session fixation: a planted session is not signed in by the sign-in of the victim', async () => {
  const attacker = openBrowser()
  await signIn('mallory', { browser: attacker })
  for (const [key, cookie] of attacker.cookies) browser.cookies.set(key, cookie)
  await completeFederatedSignIn(`${url}/page?switch`, federated.idp.issuer, { name: 'ada', browser })
  expect(await whoIsThere()).toBe(ada())
  expect(await whoIsThere(attacker)).not.toBe(ada())
})

test('session fixation: the cookie from before the sign-in is worth nothing after it', async () => {
  await signIn('ada')
  const before = new Map(browser.cookies)
  await completeFederatedSignIn(`${url}/page?switch`, federated.idp.issuer, { name: 'ada', browser })
  const thief = openBrowser()
  for (const [key, cookie] of before) thief.cookies.set(key, cookie)
  expect(await whoIsThere(thief)).toBeUndefined()
  expect(await whoIsThere()).toBe(ada())
})

test('the sign-in of a page gives no client anything: it ends at no consent and issues no code', async () => {
  const grants = await federated.running.storage.oauth.count('Grant')
  const codes = await federated.running.storage.oauth.count('AuthorizationCode')
  const link = await begin()
  const away = await browser.get(link)
  const uid = away.location?.pathname.split('/').at(-1) ?? ''
  for (const path of [`/oauth/consent/${uid}`, `/oauth/authorize/${uid}`, `/oauth/dev-login/${uid}`]) {
    const cookie = [...browser.cookies].map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; ')
    const asResume = cookie.replaceAll('sallyport-sign-in', 'sallyport-resume')
    const answer = await openBrowser().get(url + path, { cookie: `${cookie}; ${asResume}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.location).toBeUndefined()
  }
  expect(await federated.running.storage.oauth.count('Grant')).toBe(grants)
  expect(await federated.running.storage.oauth.count('AuthorizationCode')).toBe(codes)
})

test('a person whom the lists do not name any more is nobody to a page, at once', async () => {
  await signIn('ada')
  federated.configure({ allow: { emailDomains: ['other.example'] } })
  expect(await whoIsThere()).toBeUndefined()
  const { page } = await signIn('ada')
  expect(page?.text).toContain('<code>identity_not_allowed</code>')
  const sessions = await countSessions()
  federated.configure({ allow: {} })
  expect(await whoIsThere()).toBe(ada())
  expect(await countSessions()).toBe(sessions)
})

test('a cookie that nobody signed is nobody', async () => {
  await signIn('ada')
  const [, session] = [...browser.cookies].find(([key]) => key === 'sallyport /') ?? []
  const forged = `sallyport=${session?.value}; sallyport.sig=${'A'.repeat(27)}`
  expect((await openBrowser().get(`${url}/page`, { cookie: forged })).status).toBe(303)
})

test('the form of another interaction does not sign in (form token of an authorization request)', async () => {
  federated.running.settings.devLogin = true
  try {
    const clientId = String((await registerClient(url)).body['client_id'])
    const other = await openPage(openBrowser(), buildAuthorization(url, clientId).url)
    const page = await openPage(browser, await begin())
    const answer = await browser.post(page.url, { form_token: readFormToken(other), name: 'mallory' })
    expectRefusal(federated.running.events, answer, { status: 403, reason: 'grant_expired' })
    expect(await whoIsThere()).toBeUndefined()
  } finally {
    federated.running.settings.devLogin = false
  }
})
