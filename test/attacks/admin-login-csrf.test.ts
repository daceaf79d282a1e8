import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminOrigin,
  createAdminClient,
  finishSignIn,
  readSessionCookie,
  signInByName,
} from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// An attacker with a role makes the browser of somebody else end the attacker's sign-in, so that what the victim does happens in the attacker's
// session; or begins a sign-in whose code comes to the attacker.
let gateway: TestGateway
let origin: string

beforeAll(async () => {
  gateway = await startAdminGateway()
  origin = await adminOrigin(gateway.directory)
})
afterAll(() => gateway.close())

const start = () => `${origin}/api/admin/session/sign-in`

describe('the code of a sign-in', () => {
  it('is worth nothing in a browser that began none', async () => {
    const finished = await finishSignIn(start(), 'edda', openBrowser())
    const answer = await openBrowser().get(finished)
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('admin_link_invalid')
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('is worth nothing in a browser that began another one', async () => {
    const finished = await finishSignIn(start(), 'edda', openBrowser())
    const victim = openBrowser()
    await victim.get(start())
    const answer = await victim.get(finished)
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('is gone after that, also where it belongs', async () => {
    const attacker = openBrowser()
    const finished = await finishSignIn(start(), 'edda', attacker)
    await openBrowser().get(finished)
    expect((await attacker.get(finished)).status).toBe(403)
  })

  it('works once where it belongs', async () => {
    const browser = openBrowser()
    const finished = await finishSignIn(start(), 'edda', browser)
    const cookie = readSessionCookie((await browser.get(finished)).headers['set-cookie'])
    expect((await createAdminClient(origin, cookie).call('GET', '/session')).json).toMatchObject({ subject: 'edda' })
    expect((await browser.get(finished)).status).toBe(403)
  })

  it('is not made for who has no role', async () => {
    await expect(finishSignIn(start(), 'mallory', openBrowser())).rejects.toThrow('admin_not_allowed')
  })

  it('is not made without the challenge of a browser', async () => {
    const browser = openBrowser()
    await finishSignIn(start(), 'edda', browser)
    for (const query of ['', '?challenge=', '?challenge=x', `?challenge=${'a'.repeat(44)}`]) {
      const answer = await browser.get(`${gateway.publicUrl}/auth/admin${query}`)
      expect([query, answer.status, answer.headers['refresh']]).toEqual([query, 403, undefined])
    }
  })
})

it.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ['a frame', { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' }],
  ['a picture', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }],
  ['a script', { 'sec-fetch-mode': 'cors' }],
])('%s cannot begin a sign-in', async (_what, headers) => {
  const answer = await openBrowser().get(start(), headers)
  expect(answer.status).toBe(403)
  expect(answer.text).toContain('admin_cross_site')
  expect(answer.location).toBeUndefined()
})

it.each([
  'https://evil.example/',
  '//evil.example',
  '/console/../../evil',
  '/api/admin/keys',
  String.raw`/console/\evil`,
])('a sign-in does not lead to %s', async (next) => {
  const browser = openBrowser()
  const finished = await finishSignIn(`${start()}?next=${encodeURIComponent(next)}`, 'vera', browser)
  const answer = await browser.get(finished)
  expect(answer.location?.origin).toBe(origin)
  expect(answer.location?.pathname).toMatch(/^\/console\//)
})

it('leads back to the screen it was begun at', async () => {
  const browser = openBrowser()
  const finished = await finishSignIn(
    `${start()}?next=${encodeURIComponent('/console/keys?state=live')}`,
    'vera',
    browser,
  )
  expect((await browser.get(finished)).location?.href).toBe(`${origin}/console/keys?state=live`)
})

it('one sign-in after the other ends the first', async () => {
  const browser = openBrowser()
  const first = await signInByName(gateway.directory, 'vera', browser)
  const second = await signInByName(gateway.directory, 'vera', browser)
  expect((await first.call('GET', '/session')).status).toBe(401)
  expect((await second.call('GET', '/session')).status).toBe(200)
})
