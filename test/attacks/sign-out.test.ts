import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  refresh,
  registerClient,
  type SignedIn,
  signIn,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type Browser, completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'
import { expectRefusal } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
let signOutUrl: string
let clientId: string
beforeAll(async () => {
  running = await startAuthorizationServer()
  signOutUrl = `${running.url}/oauth/sign-out`
  clientId = String((await registerClient(running.url)).body['client_id'])
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(() => running.close())

/** A browser in which ada signed in and allowed a client. */
async function openSignedIn(): Promise<{ browser: Browser; client: SignedIn }> {
  const browser = openBrowser()
  return { browser, client: await signIn(running.url, {}, { browser }) }
}

/** Whether the next sign-in in this browser goes straight to the consent page. */
async function isSignedIn(browser: Browser): Promise<boolean> {
  const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
  expect(page.status).toBe(200)
  return page.url.pathname.includes('/consent/')
}

describe('signing out', () => {
  test('ends the browser session and no grant', async () => {
    const { browser, client } = await openSignedIn()
    const copied = new Map(browser.cookies)
    expect(await isSignedIn(browser)).toBe(true)
    const page = await browser.get(signOutUrl)
    expect(page.text).toContain('<strong>ada</strong>')
    const done = await browser.post(signOutUrl, { form_token: readFormToken(page) })
    expect(done.status).toBe(200)
    expect(done.text).toContain('You are signed out')
    expect([...browser.cookies.keys()].filter((key) => key.startsWith('sallyport '))).toEqual([])
    expect(await isSignedIn(browser)).toBe(false)
    for (const [key, cookie] of copied) browser.cookies.set(key, cookie)
    expect(await isSignedIn(browser)).toBe(false)
    expect(running.events).toContainEqual(expect.objectContaining({ type: 'auth_signed_out', subject: 'ada' }))
    expect((await refresh(running.url, client.clientId, client.refreshToken)).status).toBe(200)
  })

  test('says so when nobody is signed in', async () => {
    for (const answer of [await openBrowser().get(signOutUrl), await openBrowser().post(signOutUrl, {})]) {
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('You are signed out')
    }
  })

  test('is a page like the others: not framed, not kept, without script', async () => {
    const { browser } = await openSignedIn()
    const { headers } = await browser.get(signOutUrl)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' })
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  })
})

describe('nobody signs a person out but themselves', () => {
  test.each<[string, (browser: Browser) => Promise<{ token: string; headers?: { [name: string]: string } }>]>([
    ['without a form token', async () => ({ token: '' })],
    ['with the form token of another session', async () => ({ token: await tokenOf((await openSignedIn()).browser) })],
    [
      'from another origin',
      async (browser) => ({ token: await tokenOf(browser), headers: { origin: 'https://evil.example' } }),
    ],
  ])('CSRF: sign-out %s', async (_how, prepare) => {
    const { browser } = await openSignedIn()
    const { token, headers = {} } = await prepare(browser)
    const answer = await browser.post(signOutUrl, { form_token: token }, headers)
    const reason = headers['origin'] === undefined ? 'grant_expired' : 'origin_not_allowed'
    expectRefusal(running.events, answer, { status: 403, reason })
    expect(await isSignedIn(browser)).toBe(true)
  })

  test('CSRF: sign-out by a link, or by a body that is no form', async () => {
    const { browser } = await openSignedIn()
    const form_token = await tokenOf(browser)
    expect((await browser.get(`${signOutUrl}?form_token=${form_token}`)).text).toContain('Sign out?')
    const answer = await browser.post(signOutUrl, { form_token }, { 'content-type': 'text/plain' })
    expect(answer.status).toBe(415)
    expect(await isSignedIn(browser)).toBe(true)
  })

  test('session forgery: a cookie that is not signed is nobody', async () => {
    const { browser } = await openSignedIn()
    browser.cookies.delete('sallyport.sig /')
    expect((await browser.get(signOutUrl)).text).not.toContain('ada')
  })
})

test('consent bypass: a consent page that was open does not outlive the session', async () => {
  const { browser } = await openSignedIn()
  const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
  const form_token = readFormToken(page)
  await browser.post(signOutUrl, { form_token: await tokenOf(browser) })
  let answer = await browser.post(page.url, { form_token, decision: 'allow' })
  for (let step = 0; step < 4 && answer.location?.origin === running.url; step++)
    answer = await browser.get(answer.location)
  expect(answer.location?.searchParams.get('code') ?? null).toBeNull()
  expect(answer.status).toBe(400)
})

describe('a session ends by itself', () => {
  /** Moves the clock of everything but timers. */
  function skip(seconds: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  }

  test('after an hour without a visit', async () => {
    const { browser } = await openSignedIn()
    skip(3500)
    expect(await isSignedIn(browser)).toBe(true)
    skip(3500)
    expect(await isSignedIn(browser)).toBe(true)
    skip(3700)
    expect(await isSignedIn(browser)).toBe(false)
  })

  test('eight hours after the sign-in, however often it is used', async () => {
    const { browser } = await openSignedIn()
    for (let visit = 1; visit <= 14; visit++) {
      skip(2000)
      expect(await isSignedIn(browser)).toBe(true)
    }
    skip(1000)
    expect(await isSignedIn(browser)).toBe(false)
    await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'ada', browser })
    expect(await isSignedIn(browser)).toBe(true)
  })
})

async function tokenOf(browser: Browser): Promise<string> {
  return readFormToken(await browser.get(signOutUrl))
}
