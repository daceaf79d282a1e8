import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTracker } from '../../examples/01-quickstart/upstream/tracker.ts'
import { registerClient } from '../harness/obtain-token.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

// A real browser, as a person and as the home of an MCP client. Scripts are off where the pages must work without them.
let tracker: Awaited<ReturnType<typeof startTracker>>
let gateway: TestGateway
let browser: Browser
let client: { url: string; hits: URL[]; close(): Promise<void> }

beforeAll(async () => {
  tracker = await startTracker({ port: 0, apiKey: 'key' })
  client = await startClientOrigin()
  gateway = await startTestGateway({
    servers: { tracker: { upstream: tracker.url, inbound: ['sign-in', 'key'] } },
    policies: { ...signIn(), key: ['set-upstream-api-key-inbound', { value: 'Bearer key' }] },
  })
  browser = await openChromium()
})

afterAll(async () => {
  await browser?.close()
  await gateway.close()
  await client.close()
  await tracker.close()
})

describe('a person signs in', () => {
  it('with the keyboard alone, without scripts, and lands at the client with a code', async () => {
    const page = await openPage({ javaScriptEnabled: false, colorScheme: 'dark' })
    const clientId = await registerClient(gateway.publicUrl, `${client.url}/callback`)
    await page.goto(startAuthorization(clientId))
    expect(await page.title()).toMatch(/sign in/i)
    await tabTo(page, 'input[type=text], input:not([type])')
    await page.keyboard.type('ada')
    await page.keyboard.press('Enter')
    await page.waitForURL(/consent/)
    const consent = await page.locator('body').innerText()
    expect(consent).toContain(new URL(client.url).host)
    expect(consent).toContain(gateway.server('tracker'))
    await tabTo(page, 'button:has-text("Allow")')
    await Promise.all([page.waitForURL(`${client.url}/**`), page.keyboard.press('Enter')])
    const landed = new URL(page.url())
    expect(landed.searchParams.get('code')).toBeTruthy()
    expect(landed.searchParams.get('state')).toBe('state-1')
    expect(landed.searchParams.get('iss')).toBe(gateway.publicUrl)
    await page.context().close()
  })

  it('and may refuse', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    const clientId = await registerClient(gateway.publicUrl, `${client.url}/callback`)
    await page.goto(startAuthorization(clientId))
    await page.keyboard.press('Tab')
    await tabTo(page, 'input[type=text], input:not([type])')
    await page.keyboard.type('bob')
    await page.keyboard.press('Enter')
    await page.waitForURL(/consent/)
    await Promise.all([page.waitForURL(`${client.url}/**`), page.click('button:has-text("Refuse")')])
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
    await page.context().close()
  })

  it('on pages that fit a phone, load nothing from elsewhere and violate no policy of their own', async () => {
    const page = await openPage({ viewport: { width: 360, height: 640 } })
    const foreign: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(gateway.publicUrl)) foreign.push(request.url())
    })
    page.on('console', (entry) => {
      if (entry.type() === 'error') complaints.push(entry.text())
    })
    const clientId = await registerClient(gateway.publicUrl, `${client.url}/callback`)
    await page.goto(startAuthorization(clientId))
    await page.fill('input[type=text], input:not([type])', 'ada')
    expect(await overflows(page)).toBe(false)
    await page.keyboard.press('Enter')
    await page.waitForURL(/consent/)
    expect(await overflows(page)).toBe(false)
    expect(foreign).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('and reads the reason when a client is unknown', async () => {
    const page = await openPage({})
    const answer = await page.goto(startAuthorization('nobody'))
    expect(answer?.status()).toBe(400)
    expect(await page.locator('body').innerText()).toContain('client_unknown')
    await page.context().close()
  })
})

describe('an MCP client in a page of another origin', () => {
  it('reads the challenge and the metadata', async () => {
    const page = await openPage({})
    await page.goto(client.url)
    const seen = await page.evaluate(async (url) => {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      const challenge = answer.headers.get('www-authenticate') ?? ''
      const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ''
      const metadata = (await (await fetch(metadataUrl)).json()) as {
        resource: string
        authorization_servers: string[]
      }
      const issuer = `${metadata.authorization_servers[0]}/.well-known/oauth-authorization-server`
      return { status: answer.status, resource: metadata.resource, server: await (await fetch(issuer)).json() }
    }, gateway.server('tracker'))
    expect(seen).toMatchObject({
      status: 401,
      resource: gateway.server('tracker'),
      server: { issuer: gateway.publicUrl },
    })
    await page.context().close()
  })

  it('may send every header of 2026-07-28 after the preflight', async () => {
    const page = await openPage({})
    await page.goto(client.url)
    const status = await page.evaluate(async (url) => {
      const headers = {
        authorization: 'Bearer sp_at_unknown',
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'list_issues',
        'mcp-param-region': 'eu',
      }
      return (await fetch(url, { method: 'POST', headers, body: '{}' })).status
    }, gateway.server('tracker'))
    expect(status).toBe(401)
    await page.context().close()
  })
})

async function openPage(options: Parameters<Browser['newContext']>[0]): Promise<Page> {
  return (await browser.newContext(options)).newPage()
}

function startAuthorization(clientId: string): string {
  const url = new URL(`${gateway.publicUrl}/oauth/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: `${client.url}/callback`,
    code_challenge: createHash('sha256').update('verifier'.repeat(8)).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'state-1',
    resource: gateway.server('tracker'),
  }).toString()
  return url.href
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    if (await page.locator(`:focus`).and(page.locator(selector)).count()) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${selector} cannot be reached with the keyboard`)
}

function overflows(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
}

/** The origin of the client: where codes go, and a page that scripts can run on. */
async function startClientOrigin() {
  const hits: URL[] = []
  const server = createServer((request, response) => {
    hits.push(new URL(request.url ?? '/', 'http://client'))
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>client</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url, hits, close }
}
