import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildAuthorization, registerClient, startAuthorizationServer } from '../harness/authorization-server.ts'
import { type Browser, openBrowser } from '../harness/browser-login.ts'
import { completeFederatedSignIn, type FederatedChoices } from '../harness/federated-login.ts'
import { describeProvider, type FederatedServer, startFederatedServer } from '../harness/federated-server.ts'

let federated: FederatedServer
let clientId: string
let nowMs: number | undefined
beforeAll(async () => {
  federated = await startFederatedServer({ clock: () => nowMs ?? Date.now() })
  clientId = String((await registerClient(federated.running.url)).body['client_id'])
})
afterAll(() => federated.close())

const authorize = () => buildAuthorization(federated.running.url, clientId).url
const isCallback = (url: URL) => url.pathname === '/oauth/callback'
const walk = (choices: FederatedChoices) => completeFederatedSignIn(authorize(), federated.idp.issuer, choices)
const signedIn = () => federated.running.events.filter((event) => event.type === 'auth_signed_in').length

/** Signs in at the provider, but stops before the browser comes back: the callback URL with a live code. */
async function interceptCallback(browser: Browser, name = 'ada'): Promise<URL> {
  const { redirect } = await walk({ name, browser, onRedirect: (url) => (isCallback(url) ? undefined : url) })
  if (redirect === undefined) throw new Error('no callback')
  return redirect
}

/** Where a browser ends that opens a callback URL. */
async function open(browser: Browser, url: URL) {
  let answer = await browser.get(url)
  for (let step = 0; step < 5 && answer.location; step++) answer = await browser.get(answer.location)
  return answer
}

/** A walk whose way is changed ends at an error page with this reason, and nobody is signed in. */
async function expectRefused(choices: Partial<FederatedChoices>, reason: string): Promise<void> {
  const before = signedIn()
  const { page } = await walk({ name: 'ada', ...choices })
  expect(page?.text).toContain(`<code>${reason}</code>`)
  expect(signedIn()).toBe(before)
  expect(federated.running.events.findLast((event) => event.reason !== null)?.reason).toBe(reason)
}

const change = (matches: (url: URL) => boolean, edit: (query: URLSearchParams) => void) => (url: URL) => {
  if (matches(url)) edit(url.searchParams)
  return url
}

describe('a callback in another browser (GHSA-rww4-4w9c-7733)', () => {
  test('does not sign the victim in as the attacker, and leaves the attacker nothing', async () => {
    const callback = await interceptCallback(openBrowser(), 'mallory')
    const before = signedIn()
    const answer = await open(openBrowser(), callback)
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('grant_expired')
    expect(signedIn()).toBe(before)
  })

  test('does not finish the sign-in that the attacker began with the identity of the victim', async () => {
    // The attacker sends the authorization URL of the provider to the victim, who is signed in there.
    const attacker = openBrowser()
    const { redirect: atProvider } = await walk({
      name: 'ada',
      browser: attacker,
      onRedirect: (url) => (url.origin === federated.idp.issuer ? undefined : url),
    })
    const victim = openBrowser()
    const { redirect: callback } = await completeFederatedSignIn(atProvider ?? '', federated.idp.issuer, {
      name: 'ada',
      browser: victim,
      onRedirect: (url) => (isCallback(url) ? undefined : url),
    })
    const before = signedIn()
    expect((await open(victim, callback ?? new URL('about:blank'))).status).toBe(403)
    expect(signedIn()).toBe(before)
  })

  test('does not take the sign-in away from whoever began it', async () => {
    const browser = openBrowser()
    const callback = await interceptCallback(browser)
    expect((await open(openBrowser(), callback)).status).toBe(403)
    expect((await open(browser, callback)).text).toContain('Signed in as <strong>Ada Lovelace')
  })
})

describe('state', () => {
  test('works once', async () => {
    const browser = openBrowser()
    const callback = await interceptCallback(browser)
    const before = signedIn()
    expect((await open(browser, callback)).status).toBe(200)
    expect((await open(browser, callback)).text).toContain('grant_expired')
    expect(signedIn()).toBe(before + 1)
  })

  test('of one sign-in does not finish another of the same browser', async () => {
    const browser = openBrowser()
    const first = await interceptCallback(browser, 'mallory')
    await expectRefused(
      {
        browser,
        onRedirect: change(
          (url) => url.pathname.startsWith('/oauth/sign-in/') && url.searchParams.has('code'),
          (query) => {
            query.set('state', first.searchParams.get('state') ?? '')
            query.set('code', first.searchParams.get('code') ?? '')
          },
        ),
      },
      'grant_expired',
    )
  })

  test.each(['', 'x', 'x'.repeat(43)])('%j is refused', async (state) => {
    await expectRefused({ onRedirect: change(isCallback, (query) => query.set('state', state)) }, 'grant_expired')
  })

  test('twice in one answer is refused', async () => {
    await expectRefused(
      { onRedirect: change(isCallback, (query) => query.append('state', 'x')) },
      'identity_response_invalid',
    )
  })

  test('ends after its time', async () => {
    const browser = openBrowser()
    const callback = await interceptCallback(browser)
    nowMs = Date.now() + 901_000
    const answer = await open(browser, callback)
    nowMs = undefined
    expect(answer.text).toContain('grant_expired')
  })

  test('is not kept as it is', async () => {
    const callback = await interceptCallback(openBrowser())
    const kept = JSON.stringify(await federated.running.storage.oauth.list('SignInState', 100))
    expect(kept).not.toContain(callback.searchParams.get('state'))
  })
})

describe('an answer that is not what was asked for', () => {
  test('another issuer in the answer (mix-up, RFC 9207)', async () => {
    await expectRefused(
      { onRedirect: change(isCallback, (query) => query.set('iss', 'https://evil.example')) },
      'identity_response_invalid',
    )
  })

  test('no issuer in the answer of a provider that sends one', async () => {
    await expectRefused({ onRedirect: change(isCallback, (query) => query.delete('iss')) }, 'identity_response_invalid')
  })

  test('an ID token with another nonce (code injection)', async () => {
    const atProvider = (url: URL) => url.origin === federated.idp.issuer && url.searchParams.has('nonce')
    await expectRefused(
      { onRedirect: change(atProvider, (query) => query.set('nonce', 'nonce-of-somebody-else')) },
      'identity_response_invalid',
    )
  })

  test('a code of another sign-in: PKCE binds it', async () => {
    const stolen = await interceptCallback(openBrowser(), 'ada')
    await expectRefused(
      {
        name: 'mallory',
        onRedirect: change(isCallback, (query) => query.set('code', stolen.searchParams.get('code') ?? '')),
      },
      'identity_response_invalid',
    )
  })

  test('an invented code', async () => {
    await expectRefused(
      { onRedirect: change(isCallback, (query) => query.set('code', 'x')) },
      'identity_response_invalid',
    )
  })

  test('a code of a provider that is not configured any more is not sent to the new one (mix-up)', async () => {
    await expectRefused(
      {
        onRedirect: (url) => {
          if (isCallback(url)) federated.configure({ issuer: 'https://evil.example' })
          return url
        },
      },
      'grant_expired',
    )
    federated.configure(describeProvider(federated.idp.issuer))
  })
})

test('a flood of invented callbacks is limited', async () => {
  const page = { perAddress: 2, total: 2, windowSeconds: 600 }
  const running = await startAuthorizationServer({ requestLimits: { page } })
  const statuses: number[] = []
  for (const state of ['a', 'b', 'c']) {
    statuses.push((await openBrowser().get(`${running.url}/oauth/callback?code=x&state=${state}`)).status)
  }
  await running.close()
  expect(statuses).toEqual([400, 400, 429])
})

describe('the way to the provider', () => {
  test('plain http is refused but on loopback', async () => {
    federated.configure({ issuer: 'http://idp.example' })
    await expectRefused({}, 'identity_provider_unreachable')
    federated.configure(describeProvider(federated.idp.issuer))
  })

  test('a form cannot be posted to the sign-in page', async () => {
    const browser = openBrowser()
    const first = await browser.get(authorize())
    const answer = await browser.post(first.location ?? '', { name: 'ada' })
    expect(answer.status).toBe(403)
    expect(answer.location).toBeUndefined()
  })

  test('dev login is off', async () => {
    const browser = openBrowser()
    const { location } = await browser.get(authorize())
    const page = new URL(String(location).replace('/sign-in/', '/dev-login/'))
    for (const [key, cookie] of browser.cookies) {
      const name = key.split(' ')[0] ?? ''
      browser.cookies.set(`${name} /`, { ...cookie, path: '/' })
    }
    const answer = await browser.get(page)
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('route_not_found')
  })
})
