import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerClient } from '../harness/obtain-token.ts'
import { openChromium } from '../harness/open-chromium.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn, type TestPolicy } from '../harness/write-project.ts'

// The pages of the connections in a real browser: without scripts, by keyboard, judged by axe-core, kept as pictures in test/output.
const pictures = join(import.meta.dirname, '../output')
let upstream: ProtectedUpstream
let keyed: ProtectedUpstream
let gateway: TestGateway
let browser: Browser
/** Where a client waits for its code. */
let client: string
const clientServer = createServer((_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end(),
)

const credential = (displayName: string, authMode: string, more: object = {}): TestPolicy => [
  'mcp-token-exchange-inbound',
  { id: displayName.toLowerCase(), displayName, authMode, ...more },
]

beforeAll(async () => {
  await mkdir(pictures, { recursive: true })
  upstream = await startProtectedUpstream({ behaviour: { primary: { login: 'page' } } })
  const apiKeys = { header: 'authorization', scheme: 'Bearer', owners: { 'key-of-ada-at-maps': 'ada' } }
  keyed = await startProtectedUpstream({ behaviour: { resource: { protection: 'api-key', apiKeys } } })
  const maps = { apiKey: { helpUrl: 'https://maps.example/account/keys' }, summary: 'Routes and places' }
  gateway = await startTestGateway({
    servers: {
      linear: { upstream: upstream.mcpUrl, inbound: ['sign-in', 'linear'] },
      wiki: { upstream: upstream.mcpUrl, inbound: ['sign-in', 'wiki'] },
      maps: { upstream: keyed.mcpUrl, inbound: ['sign-in', 'maps'] },
      hub: {
        upstream: {
          members: { l: { route: 'linear' }, w: { route: 'wiki' }, m: { route: 'maps' }, o: { route: 'open' } },
        },
        inbound: ['sign-in'],
      },
      open: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] },
    },
    policies: {
      ...signIn(),
      linear: credential('Linear', 'user-oauth', { summary: 'Issues and projects of the company' }),
      wiki: credential('Wiki', 'shared-oauth'),
      maps: credential('Maps', 'user-api-key', maps),
    },
  })
  await new Promise<void>((resolve) => clientServer.listen(0, '127.0.0.1', resolve))
  client = `http://127.0.0.1:${(clientServer.address() as AddressInfo).port}/callback`
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  clientServer.closeAllConnections()
  clientServer.close()
  await gateway.close()
  await upstream.stop()
  await keyed.stop()
})

const at = (path: string) => `${gateway.publicUrl}/auth/connections${path}`

async function startAuthorization(server: string): Promise<string> {
  const url = new URL(`${gateway.publicUrl}/oauth/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: await registerClient(gateway.publicUrl, client),
    redirect_uri: client,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    resource: gateway.server(server),
  }).toString()
  return url.href
}

/** A page where this person is signed in, and everything the browser complains about. */
async function openAs(name: string, options: BrowserContextOptions = {}) {
  const page = await (await browser.newContext(options)).newPage()
  const complaints: string[] = []
  page.on('console', (entry) => {
    if (entry.type() === 'error') complaints.push(entry.text())
  })
  await page.goto(at(''))
  await page.fill('input[type=text]', name)
  await Promise.all([page.waitForURL(at('')), page.keyboard.press('Enter')])
  return { page, complaints }
}

/** Presses Tab until the element has the focus, then Enter. */
async function pressOn(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await page.locator(':focus').and(page.locator(selector)).count()) return page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
  }
  throw new Error(`${selector} cannot be reached with the keyboard`)
}

describe('in a browser without scripts, by keyboard alone', () => {
  it('a person connects, disconnects, and no policy of the pages is in the way', async () => {
    const { page, complaints } = await openAs('keyboard', { javaScriptEnabled: false, colorScheme: 'dark' })
    await pressOn(page, 'a:has-text("Connect"):right-of(h2:has-text("Linear")), a[aria-label="Connect Linear"]')
    await page.waitForURL(at('/linear/connect'))
    await pressOn(page, 'button:has-text("Continue to Linear")')
    await page.waitForURL(`${upstream.issuer}/**`)
    await page.fill('input[name=name]', 'keyboard')
    await Promise.all([page.waitForURL(`${at('')}?**`), page.keyboard.press('Enter')])
    expect(await page.locator('[role=status]').innerText()).toContain('Linear is connected')
    await pressOn(page, 'a[aria-label="Disconnect Linear"]')
    await page.waitForURL(at('/linear/disconnect'))
    await pressOn(page, 'button:has-text("Disconnect")')
    await page.waitForURL(`${at('')}?**`)
    expect(await page.locator('[role=status]').innerText()).toContain('Linear is disconnected')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('a person stores a key, which no page shows again', async () => {
    const { page, complaints } = await openAs('keys', { javaScriptEnabled: false })
    await pressOn(page, 'a[aria-label="Store key Maps"]')
    await page.waitForURL(at('/maps/key'))
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect(await page.inputValue('input[name=key]')).toBe('')
    await page.fill('input[name=key]', 'key-of-ada-at-maps')
    await Promise.all([page.waitForURL(`${at('')}?**`), page.keyboard.press('Enter')])
    expect(await page.content()).not.toContain('key-of-ada-at-maps')
    // The refusal of the wrong key is a failed request of the browser.
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
    await page.context().close()
  })

  it.each(['linear', 'maps'])(
    'a person connects %s before they allow a client, and ends at the client',
    async (name) => {
      const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
      const complaints: string[] = []
      page.on('console', (entry) => void (entry.type() === 'error' && complaints.push(entry.text())))
      await page.goto(await startAuthorization(name))
      await page.fill('input[type=text]', 'consents')
      await Promise.all([page.waitForURL(/consent/), page.keyboard.press('Enter')])
      const consent = page.url()
      await pressOn(page, 'a[href*="/auth/connections/"]')
      if (name === 'linear') {
        await pressOn(page, 'button:has-text("Continue to Linear")')
        await page.waitForURL(`${upstream.issuer}/**`)
        await page.fill('input[name=name]', 'consents')
      } else await page.fill('input[name=key]', 'key-of-ada-at-maps')
      await Promise.all([page.waitForURL(consent), page.keyboard.press('Enter')])
      expect(await page.locator('body').innerText()).toContain('Connected')
      await pressOn(page, 'button:has-text("Allow")')
      await page.waitForURL(`${client}**`)
      expect(new URL(page.url()).searchParams.get('code')).toBeTruthy()
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )

  it('a person connects each member of an aggregate from one consent page, which shows what is left', async () => {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    const stateOf = (name: string) =>
      page
        .locator('section', { has: page.getByRole('heading', { name }) })
        .locator('.state')
        .innerText()
    await page.goto(await startAuthorization('hub'))
    await page.fill('input[type=text]', 'everything')
    await Promise.all([page.waitForURL(/consent/), page.keyboard.press('Enter')])
    const consent = page.url()
    expect(await page.locator('section h2').allInnerTexts()).toEqual(['Linear', 'Wiki', 'Maps'])
    const before = [await stateOf('Linear'), await stateOf('Wiki'), await stateOf('Maps')]
    expect(before).toEqual(['Not connected', 'Waits for an administrator', 'Not connected'])

    await pressOn(page, 'a[aria-label="Connect Maps"]')
    await page.fill('input[name=key]', 'key-of-ada-at-maps')
    await Promise.all([page.waitForURL(consent), page.keyboard.press('Enter')])
    expect([await stateOf('Linear'), await stateOf('Maps')]).toEqual(['Not connected', 'Connected'])
    await pressOn(page, 'a[aria-label="Connect Linear"]')
    await pressOn(page, 'button:has-text("Continue to Linear")')
    await page.waitForURL(`${upstream.issuer}/**`)
    await page.fill('input[name=name]', 'everything')
    await Promise.all([page.waitForURL(consent), page.keyboard.press('Enter')])
    expect([await stateOf('Linear'), await stateOf('Maps')]).toEqual(['Connected', 'Connected'])
    expect(await page.locator('section a').count()).toBe(0)

    await pressOn(page, 'button:has-text("Allow")')
    await page.waitForURL(`${client}**`)
    expect(new URL(page.url()).searchParams.get('code')).toBeTruthy()
    await page.context().close()
  })

  it('another site cannot frame the pages', async () => {
    const { page } = await openAs('framed')
    await page.route('https://evil.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${at('/linear/connect')}"></iframe>` }),
    )
    await page.goto('https://evil.example/')
    const frame = page.frames()[1]
    expect(await frame?.locator('button').count()).toBe(0)
    await page.context().close()
  })

  it('another site cannot send the forms, though the person is signed in', async () => {
    const { page } = await openAs('forged')
    const body = `<form method="post" action="${at('/linear/connect')}"><button>go</button></form>`
    await page.route('https://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body }))
    await page.goto('https://evil.example/')
    const [answer] = await Promise.all([page.waitForResponse(at('/linear/connect')), page.click('button')])
    expect(answer.status()).toBe(403)
    await page.context().close()
  })
})

describe.each([
  { theme: 'light', width: 1280 },
  { theme: 'light', width: 360 },
  { theme: 'dark', width: 1280 },
  { theme: 'dark', width: 360 },
] as const)('$theme at $width pixels', ({ theme, width }) => {
  it('no page of the connections has an accessibility violation, or is wider than the screen', async () => {
    const name = `${theme}-${width}`
    const { page } = await openAs(name, { colorScheme: theme, viewport: { width, height: 800 } })
    const look = async (what: string) => {
      await page.screenshot({ path: join(pictures, `${what}-${theme}-${width}.png`), fullPage: true })
      expect(await findViolations(page), what).toEqual([])
      const overflows = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
      expect(await page.evaluate(overflows), what).toBe(false)
    }
    await look('connections-empty')
    await page.goto(at('/linear/connect'))
    await look('connect')
    await page.goto(at(`/linear/connect?local=33719&nonce=${'a'.repeat(22)}`))
    await look('connect-local')
    await page.goto(at('/linear/connect'))
    await page.click('button')
    await page.waitForURL(`${upstream.issuer}/**`)
    await page.fill('input[name=name]', name)
    await Promise.all([page.waitForURL(`${at('')}?**`), page.keyboard.press('Enter')])
    await look('connections')
    await page.goto(await startAuthorization('hub'))
    await look('consent-of-members')
    await page.goto(at('/linear/disconnect'))
    await look('disconnect')
    await page.goto(at('/maps/key'))
    await look('key')
    await page.fill('input[name=key]', 'wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await look('key-rejected')
    await page.goto(at('/linear/connect?ticket=forged'))
    await look('connect-error')
    await page.context().close()
  })
})

/** Rule and element of everything axe-core objects to. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const results = (await page.evaluate('axe.run()')) as axe.AxeResults
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}
