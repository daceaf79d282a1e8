import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminOrigin, makeConsoleLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openChromium } from '../harness/open-chromium.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, startUpstream } from '../harness/upstreams/listen.ts'

// A real browser goes from the admin listener to the data plane and back: SameSite, form-action and Fetch Metadata are its business.
let gateway: TestGateway
let browser: Browser
let origin: string
let elsewhere: RunningUpstream

beforeAll(async () => {
  elsewhere = await startUpstream((_message, _request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>elsewhere</h1>')
  })
  gateway = await startAdminGateway()
  origin = await adminOrigin(gateway.directory)
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await gateway.close()
  await elsewhere.close()
})

async function withPage(use: (page: Page, context: BrowserContext) => Promise<void>, scripts = true): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: scripts })
  try {
    await use(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

/** What the console asks first, from its own origin. */
const readSession = (page: Page) =>
  page.evaluate(async () => {
    const answer = await fetch('/api/admin/session')
    return { status: answer.status, json: (await answer.json()) as { subject?: string; role?: string } }
  })

async function signInAs(name: string, page: Page): Promise<void> {
  await page.goto(`${origin}/api/admin/session/sign-in?next=/console/keys`)
  await page.fill('input:not([type=hidden])', name)
  await page.keyboard.press('Enter')
}

it('somebody with a role signs in at the dev login and is in the console', async () => {
  await withPage(async (page, context) => {
    await signInAs('edda', page)
    await page.waitForURL(`${origin}/console/keys`)
    expect(await readSession(page)).toMatchObject({ status: 200, json: { subject: 'edda', role: 'editor' } })
    const cookies = await context.cookies(`${origin}/api/admin`)
    expect(cookies.find(({ name }) => name.startsWith('sallyport-session'))).toMatchObject({
      httpOnly: true,
      sameSite: 'Strict',
      path: '/api/admin',
    })
    // Neither the code nor the state of the sign-in is in the address that stays.
    expect(page.url()).not.toMatch(/code|challenge/)
  })
})

it('who is signed in at the gateway already is not asked again', async () => {
  await withPage(async (page) => {
    await signInAs('vera', page)
    await page.waitForURL(`${origin}/console/keys`)
    await page.evaluate(() => fetch('/api/admin/session', { method: 'DELETE', headers: { 'x-sallyport-admin': '1' } }))
    expect((await readSession(page)).status).toBe(401)
    await page.goto(`${origin}/api/admin/session/sign-in`)
    await page.waitForURL(`${origin}/console/`)
    expect(await readSession(page)).toMatchObject({ status: 200, json: { subject: 'vera' } })
  })
})

it('who has no role is told so, and may be somebody else', async () => {
  await withPage(async (page) => {
    await signInAs('mallory', page)
    await page.waitForSelector('text=admin_not_allowed')
    await page.click('text=Sign in as somebody else')
    await page.fill('input:not([type=hidden])', 'olga')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${origin}/console/keys`)
    expect(await readSession(page)).toMatchObject({ json: { subject: 'olga', role: 'owner' } })
  })
})

it('a one-time link opens the console, also without scripts', async () => {
  await withPage(async (page) => {
    await page.goto((await makeConsoleLink(gateway.directory)).href)
    expect(page.url()).toBe(`${origin}/console/`)
  }, false)
})

it('a page of another origin can neither read nor change anything, nor sign anybody out', async () => {
  await withPage(async (page) => {
    await page.goto((await makeConsoleLink(gateway.directory)).href)
    // Another port of this machine: the same site, so the cookie goes with what it sends. Nothing else stands between.
    await page.goto(elsewhere.url)
    const results = await page.evaluate(async (target) => {
      const tries: [string, RequestInit][] = [
        ['/keys', {}],
        ['/keys', { method: 'POST', body: '{"consumer":"mallory"}', headers: { 'content-type': 'text/plain' } }],
        ['/keys', { method: 'POST', body: '{"consumer":"mallory"}', mode: 'no-cors' }],
        ['/session', { method: 'DELETE', headers: { 'x-sallyport-admin': '1' } }],
      ]
      const outcomes: string[] = []
      for (const [path, init] of tries)
        outcomes.push(
          await fetch(`${target}/api/admin${path}`, { ...init, credentials: 'include' }).then(
            (answer) => answer.type,
            () => 'refused',
          ),
        )
      return outcomes
    }, origin)
    expect(results).toEqual(['refused', 'refused', 'refused', 'refused'])
    // It did arrive, and was refused for where it came from.
    await gateway.waitForEvent(
      ({ reason, detail }) => reason === 'admin_cross_site' && detail?.startsWith('POST') === true,
    )
    await page.goto(`${origin}/console/`)
    const { status } = await readSession(page)
    expect(status).toBe(200)
    const keys = await page.evaluate(
      async () => (await fetch('/api/admin/keys')).json() as Promise<{ items: unknown[] }>,
    )
    expect(keys.items).toEqual([])
  })
})
