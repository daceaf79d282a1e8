import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerClient } from '../harness/obtain-token.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'

// Every page a person may see, at two widths in two themes: judged by axe-core, and kept as a picture in test/output.
const pictures = join(import.meta.dirname, '../output')
const callback = 'http://127.0.0.1:53683/callback'
const scopes = { tracker: { tools: { 'delete_*': ['issues:delete'], create_issue: ['issues:write'] } } }
let gateway: TestGateway
let browser: Browser

beforeAll(async () => {
  await mkdir(pictures, { recursive: true })
  gateway = await startTestGateway({
    servers: {
      tracker: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] },
      maps: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in', 'maps'] },
    },
    policies: {
      'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, scopes }],
      maps: ['mcp-token-exchange-inbound', { id: 'maps', authMode: 'user-api-key', displayName: 'Maps' }],
    },
  })
  browser = await openChromium()
})

afterAll(async () => {
  await browser?.close()
  await gateway.close()
})

describe.each([
  { theme: 'light', width: 1280 },
  { theme: 'light', width: 360 },
  { theme: 'dark', width: 1280 },
  { theme: 'dark', width: 360 },
] as const)('$theme at $width pixels', ({ theme, width }) => {
  it('sign-in, consent and error pages have no accessibility violation', async () => {
    const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 800 } })
    const page = await context.newPage()
    const look = async (name: string) => {
      await page.screenshot({ path: join(pictures, `${name}-${theme}-${width}.png`), fullPage: true })
      expect(await findViolations(page), name).toEqual([])
    }
    await page.goto(authorizationUrl(await registerClient(gateway.publicUrl, callback)))
    await look('sign-in')
    await page.fill('input[type=text], input:not([type])', 'ada')
    await page.keyboard.press('Enter')
    await page.waitForURL(/consent/)
    await look('consent')
    await page.goto(authorizationUrl(await registerClient(gateway.publicUrl, callback), 'maps'))
    await page.getByRole('link', { name: 'Connect Maps' }).waitFor()
    await look('consent-to-connect')
    await page.goto(authorizationUrl('nobody'))
    await look('error')
    await page.goto(`${gateway.publicUrl}/oauth/sign-out`)
    await look('sign-out')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('You are signed out').waitFor()
    await look('signed-out')
    await context.close()
  })
})

/** Rule and element of everything axe-core objects to. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const results = (await page.evaluate('axe.run()')) as axe.AxeResults
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

function authorizationUrl(clientId: string, server = 'tracker'): string {
  const url = new URL(`${gateway.publicUrl}/oauth/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    code_challenge: createHash('sha256').update('verifier'.repeat(8)).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'state-1',
    resource: gateway.server(server),
    scope: 'mcp:tools issues:delete',
  }).toString()
  return url.href
}
