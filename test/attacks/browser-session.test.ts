import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import {
  type Browser,
  type BrowserAnswer,
  completeSignIn,
  openBrowser,
  openPage,
  readFormToken,
} from '../harness/browser-login.ts'
import { type Attack, expectRefusal, type RawAnswer } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
let clientId: string
beforeAll(async () => {
  running = await startAuthorizationServer()
  clientId = String((await registerClient(running.url)).body['client_id'])
})
afterAll(() => running.close())

let browser: Browser
beforeEach(() => {
  browser = openBrowser()
})

const begin = (visitor = browser) => openPage(visitor, buildAuthorization(running.url, clientId).url)

async function reachConsent(visitor = browser): Promise<BrowserAnswer> {
  const page = await begin(visitor)
  const answer = await visitor.post(page.url, { form_token: readFormToken(page), name: 'ada' })
  return openPage(visitor, answer.location ?? '')
}

const allow = (page: BrowserAnswer, visitor = browser, headers = {}) =>
  visitor.post(page.url, { form_token: readFormToken(page), decision: 'allow' }, headers)

const expired = { status: 400, reason: 'grant_expired' } as const
const forbidden = { status: 403, reason: 'grant_expired' } as const
const foreign = { status: 403, reason: 'origin_not_allowed' } as const
const notAForm = { status: 415, reason: 'grant_request_invalid' } as const

const attacks: readonly Attack[] = [
  {
    name: 'CSRF: consent without the form token',
    attempt: async () => browser.post((await reachConsent()).url, { decision: 'allow' }),
    refusal: forbidden,
  },
  {
    name: 'CSRF: consent with the form token of the attacker',
    attempt: async () => {
      const form_token = readFormToken(await reachConsent(openBrowser()))
      return browser.post((await reachConsent()).url, { form_token, decision: 'allow' })
    },
    refusal: forbidden,
  },
  {
    name: 'CSRF: consent from a page of another site',
    attempt: async () => allow(await reachConsent(), browser, { origin: 'https://evil.example' }),
    refusal: foreign,
  },
  {
    name: 'CSRF: consent from a frame without an origin',
    attempt: async () => allow(await reachConsent(), browser, { origin: 'null' }),
    refusal: foreign,
  },
  {
    name: 'CSRF: consent as text, as pages of other sites can send it',
    attempt: async () => allow(await reachConsent(), browser, { 'content-type': 'text/plain' }),
    refusal: notAForm,
  },
  {
    name: 'CSRF: consent as JSON',
    attempt: async () => allow(await reachConsent(), browser, { 'content-type': 'application/json' }),
    refusal: notAForm,
  },
  {
    name: 'login CSRF: the sign-in form from a page of another site',
    attempt: async () => {
      const page = await begin()
      const form = { form_token: readFormToken(page), name: 'mallory' }
      return browser.post(page.url, form, { origin: 'https://evil.example' })
    },
    refusal: foreign,
  },
  {
    name: 'login CSRF: the sign-in form without its token',
    attempt: async () => browser.post((await begin()).url, { name: 'mallory' }),
    refusal: forbidden,
  },
  {
    name: 'consent bypass: the consent form before anybody signed in',
    attempt: async () => {
      const page = await begin()
      const url = page.url.href.replace('/dev-login/', '/consent/')
      // The cookie of the sign-in page is sent along, as an attacker with a copy of it would.
      const headers = { cookie: cookiesOf(browser, page.url.pathname) }
      return openBrowser().post(url, { form_token: readFormToken(page), decision: 'allow' }, headers)
    },
    refusal: expired,
  },
  {
    name: 'consent bypass: a form without a decision',
    attempt: async () => {
      const page = await reachConsent()
      return browser.post(page.url, { form_token: readFormToken(page) })
    },
    refusal: { status: 400, reason: 'grant_request_invalid' },
  },
  {
    name: 'consent bypass: a decision that is neither',
    attempt: async () => {
      const page = await reachConsent()
      return browser.post(page.url, { form_token: readFormToken(page), decision: 'Allow' })
    },
    refusal: { status: 400, reason: 'grant_request_invalid' },
  },
  {
    name: 'signing in again at the consent step',
    attempt: async () => {
      const page = await reachConsent()
      const url = page.url.href.replace('/consent/', '/dev-login/')
      const form = { form_token: readFormToken(page), name: 'mallory' }
      return openBrowser().post(url, form, { cookie: cookiesOf(browser, page.url.pathname) })
    },
    refusal: expired,
  },
  {
    name: 'state replay: the consent form a second time',
    attempt: async () => {
      const page = await reachConsent()
      const allowed = await allow(page)
      await completeSignIn(allowed.location ?? '', { subject: 'ada', browser })
      return allow(page)
    },
    refusal: expired,
  },
  {
    name: 'state replay: the end of a sign-in a second time, with the cookies of the first',
    attempt: async () => {
      const allowed = await allow(await reachConsent())
      const cookie = cookiesOf(browser)
      await completeSignIn(allowed.location ?? '', { subject: 'ada', browser })
      return openBrowser().get(allowed.location ?? '', { cookie })
    },
    refusal: expired,
  },
  {
    name: 'another browser answers the consent page',
    attempt: async () => allow(await reachConsent(), openBrowser()),
    refusal: forbidden,
  },
  {
    name: 'another browser ends the sign-in',
    attempt: async () => {
      const allowed = await allow(await reachConsent())
      return openBrowser().get(allowed.location ?? '')
    },
    refusal: expired,
  },
  {
    name: 'a cookie that nobody signed',
    attempt: async () => {
      const page = await reachConsent(openBrowser())
      const uid = page.url.pathname.split('/').at(-1) ?? ''
      return browser.get(page.url, { cookie: `sallyport-sign-in=${uid}; sallyport-sign-in.sig=${'A'.repeat(27)}` })
    },
    refusal: forbidden,
  },
  {
    name: 'cookie theft across hosts: a cookie that another gateway signed',
    attempt: async () => {
      const other = await startAuthorizationServer()
      try {
        const visitor = openBrowser()
        const id = String((await registerClient(other.url)).body['client_id'])
        await openPage(visitor, buildAuthorization(other.url, id).url)
        const uid = [...visitor.cookies.values()][0]?.path.split('/').at(-1) ?? ''
        return await browser.get(`${running.url}/oauth/dev-login/${uid}`, { cookie: cookiesOf(visitor) })
      } finally {
        await other.close()
      }
    },
    refusal: forbidden,
  },
  {
    name: 'the cookie of one sign-in on the page of another',
    attempt: async () => {
      const [own, others] = [await reachConsent(), await reachConsent(openBrowser())]
      const cookie = cookiesOf(browser, own.url.pathname)
      return openBrowser().post(others.url, { form_token: readFormToken(own), decision: 'allow' }, { cookie })
    },
    refusal: forbidden,
  },
  {
    name: 'a form larger than any real one',
    attempt: async () => {
      const page = await reachConsent()
      return browser.post(page.url, { form_token: readFormToken(page), decision: 'allow', x: 'x'.repeat(70_000) })
    },
    refusal: { status: 413, reason: 'limit_body_exceeded' },
  },
]

test('without a trick consent leads on', async () => {
  const allowed = await allow(await reachConsent())
  expect(allowed.status).toBe(303)
  const redirect = await completeSignIn(allowed.location ?? '', { subject: 'ada', browser })
  expect(redirect.searchParams.get('code')).toBeTruthy()
})

test.each(attacks)('$name', async ({ name, attempt, refusal }) => {
  const [grants, given] = [await running.storage.oauth.count('Grant'), countConsents()]
  const answer: RawAnswer = await attempt()
  expectRefusal(running.events, answer, refusal)
  expect(answer.text).toContain(refusal.reason)
  expect(answer.text).toContain(String(answer.headers['x-request-id']))
  // Replays come after a consent that counted; nothing else granted anything.
  const owned = name.includes('replay') || name.includes('ends the sign-in') ? 1 : 0
  expect(countConsents() - given).toBe(owned)
  expect((await running.storage.oauth.count('Grant')) - grants).toBe(owned)
})

test('method confusion: a decision in the URL decides nothing', async () => {
  const page = await reachConsent()
  const grants = await running.storage.oauth.count('Grant')
  const query = new URLSearchParams({ form_token: readFormToken(page), decision: 'allow' })
  const answer = await browser.get(`${page.url.href}?${query.toString()}`)
  expect(answer.status).toBe(200)
  expect(answer.location).toBeUndefined()
  expect(await running.storage.oauth.count('Grant')).toBe(grants)
})

test('session fixation: a session that was planted before the sign-in is not signed in by it', async () => {
  const attacker = openBrowser()
  await completeSignIn(buildAuthorization(running.url, clientId).url, { subject: 'mallory', browser: attacker })
  const victim = openBrowser()
  for (const [key, cookie] of attacker.cookies) victim.cookies.set(key, cookie)
  const asked = buildAuthorization(running.url, clientId, { prompt: 'login' })
  const redirect = await completeSignIn(asked.url, { subject: 'ada', browser: victim })
  expect((await redeemCode(running.url, asked, redirect)).status).toBe(200)
  const page = await begin(attacker)
  expect(page.text).not.toContain('<strong>ada</strong>')
})

test('session fixation: the session gets another cookie when somebody signs in', async () => {
  const page = await begin()
  const before = sessionCookie(browser)
  const signedIn = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
  await openPage(browser, signedIn.location ?? '')
  expect(sessionCookie(browser)).not.toBe(before)
  expect(sessionCookie(browser)).toBeTruthy()
})

test('account switching in two tabs: who signed in last is signed in, and the other tab can allow nothing', async () => {
  const asked = buildAuthorization(running.url, clientId)
  const first = await openPage(browser, asked.url)
  const second = await reachConsent()
  expect(second.text).toContain('<strong>ada</strong>')
  const signedIn = await browser.post(first.url, { form_token: readFormToken(first), name: 'grace' })
  const consent = await openPage(browser, signedIn.location ?? '')
  expect(consent.text).toContain('<strong>grace</strong>')
  expect((await allow(second)).status).toBe(400)
  const resumed = await browser.get((await allow(consent)).location ?? '')
  expect((await redeemCode(running.url, asked, resumed.location ?? new URL(running.url))).status).toBe(200)
})

test('cookie theft across hosts: no cookie names a domain, so no other host receives one', async () => {
  const first = await browser.get(buildAuthorization(running.url, clientId).url)
  const page = await browser.get(first.location ?? '')
  const signedIn = await browser.post(page.url, { form_token: readFormToken(page), name: 'ada' })
  const resumed = await browser.get(signedIn.location ?? '')
  const lines = [first, page, signedIn, resumed].flatMap(({ headers }) => [headers['set-cookie'] ?? []].flat())
  expect(lines.some((line) => line.startsWith('sallyport='))).toBe(true)
  for (const line of lines) {
    expect(line).not.toMatch(/;\s*domain=/i)
    expect(line).toMatch(/;\s*httponly/i)
    expect(line).toMatch(/;\s*samesite=lax/i)
  }
})

test('user enumeration: the sign-in page answers alike whoever is named', async () => {
  const answers = []
  for (const name of ['ada', 'nobody-was-ever-called-this']) {
    const visitor = openBrowser()
    const page = await begin(visitor)
    answers.push(await visitor.post(page.url, { form_token: readFormToken(page), name }))
  }
  expect(answers.map(({ status, text }) => [status, text])).toEqual([
    [303, answers[0]?.text],
    [303, answers[0]?.text],
  ])
})

function sessionCookie({ cookies }: Browser): string | undefined {
  return cookies.get('sallyport /')?.value
}

const countConsents = () => running.events.filter(({ type }) => type === 'auth_consent_given').length

/** Every cookie that the browser has, whatever its path, or those of one page. */
function cookiesOf({ cookies }: Browser, path?: string): string {
  return [...cookies]
    .filter(([, cookie]) => path === undefined || cookie.path === path)
    .map(([key, { value }]) => `${key.split(' ')[0]}=${value}`)
    .join('; ')
}
