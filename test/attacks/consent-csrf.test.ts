import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type Browser, completeSignIn, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'

describe('consent', () => {
  let running: RunningAuthorizationServer
  let clientId: string
  beforeAll(async () => {
    running = await startAuthorizationServer()
    clientId = String((await registerClient(running.url)).body['client_id'])
  })
  afterAll(() => running.close())

  async function openConsent(browser: Browser) {
    const page = await openPage(browser, buildAuthorization(running.url, clientId).url)
    const answer = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
    return openPage(browser, answer.location ?? '')
  }
  const grants = () => running.storage.oauth.count('Grant')

  test('cannot be given without the form token', async () => {
    const browser = openBrowser()
    const page = await openConsent(browser)
    const before = await grants()
    const form = { decision: 'allow' }
    for (const attempt of [form, { ...form, form_token: '' }, { ...form, form_token: 'x'.repeat(43) }]) {
      expect((await browser.post(page.url, attempt)).status).toBe(403)
    }
    expect(await grants()).toBe(before)
  })

  test('cannot be given with the form token of another sign-in', async () => {
    const [victim, attacker] = [openBrowser(), openBrowser()]
    const page = await openConsent(victim)
    const form_token = readFormToken(await openConsent(attacker))
    expect((await victim.post(page.url, { form_token, decision: 'allow' })).status).toBe(403)
  })

  test('cannot be given from another browser than began it', async () => {
    const page = await openConsent(openBrowser())
    const other = openBrowser()
    const before = await grants()
    const form = { form_token: readFormToken(page), decision: 'allow' }
    expect((await other.get(page.url)).status).toBe(403)
    expect((await other.post(page.url, form)).status).toBe(403)
    await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'mallory', browser: other })
    expect((await other.post(page.url, form)).status).toBe(403)
    expect(await grants()).toBe(before + 1)
  })

  test('given in one browser, the flow does not finish in another', async () => {
    const browser = openBrowser()
    const page = await openConsent(browser)
    const answer = await browser.post(page.url, { form_token: readFormToken(page), decision: 'allow' })
    const resumed = await openBrowser().get(answer.location ?? '')
    expect(resumed.status).toBe(400)
    expect(resumed.location).toBeUndefined()
    expect(resumed.text).toContain('grant_expired')
  })

  test('cannot be sent from a page of another origin', async () => {
    const browser = openBrowser()
    const page = await openConsent(browser)
    const form = { form_token: readFormToken(page), decision: 'allow' }
    for (const origin of ['https://evil.example', 'null']) {
      const answer = await browser.post(page.url, form, { origin })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('origin_not_allowed')
    }
  })

  test('cookies are out of reach of script and of other sites', async () => {
    const browser = openBrowser()
    const answer = await browser.get(buildAuthorization(running.url, clientId).url)
    const lines = [answer.headers['set-cookie'] ?? []].flat()
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(line.toLowerCase()).toContain('httponly')
      expect(line.toLowerCase()).toContain('samesite=lax')
    }
  })

  test('a forged cookie is not believed', async () => {
    const page = await openConsent(openBrowser())
    const uid = page.url.pathname.split('/').at(-1) ?? ''
    const forged = { cookie: `sallyport-sign-in=${uid}; sallyport-sign-in.sig=AAAAAAAAAAAAAAAAAAAAAAAAAAA` }
    expect((await openBrowser().get(page.url, forged)).status).toBe(403)
  })

  test('the page may be loaded twice before it is answered', async () => {
    const browser = openBrowser()
    const page = await openConsent(browser)
    const again = await browser.get(page.url)
    expect(readFormToken(again)).toBe(readFormToken(page))
    expect((await browser.post(page.url, { form_token: readFormToken(page), decision: 'allow' })).status).toBe(303)
  })
})

test('behind https, cookies are Secure and the session is bound to the host', async () => {
  const publicUrl = 'https://localhost'
  const running = await startAuthorizationServer({ publicUrl })
  const clientId = String((await registerClient(running.url)).body['client_id'])
  const asked = buildAuthorization(running.url, clientId, { resource: `${publicUrl}/mcp/tracker` })
  const browser = openBrowser()
  const first = await browser.get(asked.url)
  const page = await browser.get(new URL(first.headers['location'] as string, running.url))
  const form = { form_token: readFormToken(page), name: 'ada' }
  const signedIn = await browser.post(page.url, form, { origin: publicUrl })
  const resume = new URL(signedIn.headers['location'] as string)
  expect(resume.origin).toBe(publicUrl)
  const consent = await browser.get(running.url + resume.pathname)
  const lines = [first, consent].flatMap((answer) => [answer.headers['set-cookie'] ?? []].flat())
  for (const line of lines) expect(line.toLowerCase()).toContain('secure')
  expect(lines.some((line) => /^__Host-sallyport=[^;]+; path=\/;/.test(line))).toBe(true)
  await running.close()
})
