import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BrowserSignIn } from '../../src/contracts/upstream-links.ts'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { type Browser, openBrowser } from '../harness/browser-login.ts'
import {
  makeUpstream,
  type RunningConnectionPages,
  setOut,
  standInSignIn,
  startConnectionPages,
} from '../harness/connection-pages.ts'
import { waitUntil } from '../harness/wait-until.ts'

// The answer of an upstream counts once, in the browser that set out, and only while the person who set out is signed in there.
let running: RunningConnectionPages
beforeAll(async () => {
  running = await startConnectionPages()
})
afterAll(() => running.close())

const begin = async (browser: Browser, upstream = 'linear') => {
  const away = await setOut(browser, `${running.url}/auth/connections/${upstream}/connect`)
  return away.searchParams.get('state') ?? ''
}
const callback = (state: string, code = 'code-1') =>
  `${running.url}/auth/connections/callback?code=${code}&state=${state}`
const connectionOf = (name: string, upstream = 'linear') =>
  running.connections.find({ tenant: 'default', upstream, owner: `subject:${name}` })

async function expectRefused(browser: Browser, url: string): Promise<void> {
  const answer = await browser.get(url)
  expect(answer.status).toBe(403)
  expect(answer.text).toContain('connection_link_invalid')
  expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_failed', reason: 'connection_link_invalid' })
}

describe('the callback', () => {
  test('connects the account of the person who set out', async () => {
    const browser = running.browserOf('ada')
    const answer = await browser.get(callback(await begin(browser), 'token-of-ada'))
    expect(answer.location?.pathname).toBe('/auth/connections')
    expect(await connectionOf('ada')).toMatchObject({ credential: { accessToken: 'token-of-ada' } })
  })

  test('replayed connects nothing', async () => {
    const browser = running.browserOf('replay')
    const url = callback(await begin(browser), 'first')
    expect((await browser.get(url)).status).toBe(303)
    await expectRefused(browser, url.replace('first', 'second'))
    expect(await connectionOf('replay')).toMatchObject({ credential: { accessToken: 'first' } })
  })

  test('called several times at once connects once', async () => {
    // All of them have found the state before the first of them uses it up.
    const waiting: (() => void)[] = []
    const signIn: BrowserSignIn = {
      ...standInSignIn,
      find: async (request, response) => {
        if (request.url?.includes('/callback')) {
          await new Promise<void>((resolve) => waiting.push(resolve))
        }
        return standInSignIn.find(request, response)
      },
    }
    const raced = await startConnectionPages({ signIn })
    const browser = raced.browserOf('race')
    const away = await setOut(browser, `${raced.url}/auth/connections/linear/connect`)
    const url = `${raced.url}/auth/connections/callback?state=${away.searchParams.get('state')}`
    const answers = Promise.all(['a', 'b', 'c'].map((code) => browser.get(`${url}&code=${code}`)))
    await waitUntil('all have arrived', () => waiting.length === 3)
    for (const go of waiting.splice(0)) go()
    expect((await answers).map(({ status }) => status).sort((one, other) => one - other)).toEqual([303, 403, 403])
    await raced.close()
  })

  test("of an attacker, opened by a victim, does not give the victim the attacker's account", async () => {
    const state = await begin(running.browserOf('mallory'))
    await expectRefused(running.browserOf('victim'), callback(state, 'account-of-mallory'))
    expect(await connectionOf('victim')).toBeUndefined()
  })

  test("of a victim, opened by an attacker, does not give the attacker the victim's account", async () => {
    const state = await begin(running.browserOf('victim'))
    await expectRefused(running.browserOf('mallory'), callback(state, 'account-of-victim'))
    expect(await connectionOf('mallory')).toBeUndefined()
  })

  test('in another browser of the same person does not count, and does not use up their sign-in', async () => {
    const browser = running.browserOf('two-browsers')
    const state = await begin(browser)
    const other = running.browserOf('two-browsers')
    await expectRefused(other, callback(state))
    await begin(other)
    await expectRefused(other, callback(state))
    expect((await browser.get(callback(state))).status).toBe(303)
  })

  test('after somebody else signed in to the same browser does not count', async () => {
    const browser = running.browserOf('leaves')
    const state = await begin(browser)
    running.signIn(browser, 'arrives')
    await expectRefused(browser, callback(state))
    running.signOut(browser)
    await expectRefused(browser, callback(state))
    running.signIn(browser, 'leaves@acme')
    await expectRefused(browser, callback(state))
    expect(await connectionOf('arrives')).toBeUndefined()
  })

  test('with two cookies of the name, one of which somebody planted, does not count', async () => {
    const browser = running.browserOf('planted')
    const state = await begin(browser)
    const own = browser.cookies.get('sallyport-connect /')?.value
    const cookies = [own, 'A'.repeat(43)].map((value) => `sallyport-connect=${value}`)
    for (const order of [cookies, cookies.toReversed()]) {
      const cookie = ['person=planted', ...order].join('; ')
      const answer = await openBrowser().get(callback(state), { cookie })
      expect(answer.status).toBe(403)
    }
    expect((await openBrowser().get(callback(state), { cookie: `person=planted; ${cookies[0]}` })).status).toBe(303)
  })

  test.each(['', '?state=', '?state=unknown&code=c', '?code=c', '?error=access_denied'])(
    'with %j is nothing',
    async (query) => {
      await expectRefused(running.browserOf('ada'), `${running.url}/auth/connections/callback${query}`)
    },
  )

  test('too late is nothing', async () => {
    const browser = running.browserOf('slow')
    const state = await begin(browser)
    running.now += 15 * 60 * 1000 + 1
    await expectRefused(browser, callback(state))
  })

  test('does not count for everybody when the upstream became that of everybody meanwhile', async () => {
    let mode: 'user-oauth' | 'shared-oauth' = 'user-oauth'
    const list = () => [makeUpstream('linear', mode)]
    const upstreams = { list, find: () => list()[0], listByServer: () => [], tenantsOf: () => [undefined] }
    const changing = await startConnectionPages({ upstreams })
    const browser = changing.browserOf('ada')
    const away = await setOut(browser, `${changing.url}/auth/connections/linear/connect`)
    mode = 'shared-oauth'
    const state = away.searchParams.get('state')
    const answer = await browser.get(`${changing.url}/auth/connections/callback?code=c&state=${state}`)
    expect(answer.status).toBe(403)
    expect(await changing.connections.list({ limit: 9 })).toEqual([])
    await changing.close()
  })

  test('does not take the place of a key when the upstream became one of keys meanwhile', async () => {
    let mode: 'user-oauth' | 'user-api-key' = 'user-api-key'
    const list = () => [makeUpstream('linear', mode)]
    const upstreams = { list, find: () => list()[0], listByServer: () => [], tenantsOf: () => [undefined] }
    const changing = await startConnectionPages({ upstreams })
    const browser = changing.browserOf('ada')
    const place = { tenant: 'default', upstream: 'linear', owner: 'subject:ada' }
    await changing.connections.put(place, { kind: 'api-key', key: 'kept', url: 'https://linear.example/mcp' }, 'ada')
    mode = 'user-oauth'
    const away = await setOut(browser, `${changing.url}/auth/connections/linear/connect`)
    mode = 'user-api-key'
    const state = away.searchParams.get('state')
    const answer = await browser.get(`${changing.url}/auth/connections/callback?code=c&state=${state}`)
    expect(answer.status).toBe(403)
    expect((await changing.connections.find(place))?.credential).toMatchObject({ kind: 'api-key', key: 'kept' })
    await changing.close()
  })

  test('stores neither state nor verifier in the clear', async () => {
    const state = await begin(running.browserOf('sealed'))
    const records = await running.storage.oauth.list('UpstreamConnect', 100)
    expect(records.length).toBeGreaterThan(0)
    for (const record of records) expect(JSON.stringify(record)).not.toContain(state)
  })

  test('that the upstream spoiled leaves the earlier connection as it was', async () => {
    const browser = running.browserOf('keeps')
    await browser.get(callback(await begin(browser), 'good'))
    running.fail('finish', new GatewayError('credential_issuer_mismatch', { detail: 'iss is https://evil.example' }))
    const answer = await browser.get(callback(await begin(browser), 'evil'))
    running.fail('finish', undefined)
    expect(answer.status).toBe(502)
    expect(answer.text).toContain('credential_issuer_mismatch')
    expect(answer.text).not.toContain('evil.example')
    expect(await connectionOf('keeps')).toMatchObject({ credential: { accessToken: 'good' } })
    expect(running.events.at(-1)).toMatchObject({
      type: 'auth_upstream_failed',
      subject: 'keeps',
      failureOrigin: 'upstream',
      credentialMode: 'user-oauth',
      detail: 'iss is https://evil.example',
    })
  })

  test('refused by the person at the upstream says so, and offers another try', async () => {
    const browser = running.browserOf('refuses')
    running.fail('finish', new GatewayError('connection_refused'))
    const answer = await browser.get(callback(await begin(browser)))
    running.fail('finish', undefined)
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('/auth/connections/linear/connect')
    expect(running.events.at(-1)).toMatchObject({ outcome: 'denied', reason: 'connection_refused' })
  })
})

test('behind https the cookie is of this host alone, and out of reach of scripts', async () => {
  const secure = await startConnectionPages({ publicUrl: 'https://gateway.example' })
  const browser = secure.browserOf('ada')
  const page = await browser.get(`${secure.url}/auth/connections/linear/connect`)
  const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const answer = await browser.post(page.url, { form_token: token }, { origin: 'https://gateway.example' })
  const cookie = String(answer.headers['set-cookie'])
  expect(cookie).toMatch(/^__Host-sallyport-connect=[\w-]{43}; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax; Secure$/)
  expect(secure.begun[0]?.redirectUri).toBe('https://gateway.example/auth/connections/callback')
  await secure.close()
})
