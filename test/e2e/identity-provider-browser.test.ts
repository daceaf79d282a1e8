import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildAuthorization, registerClient } from '../harness/authorization-server.ts'
import { type FederatedServer, startFederatedServer } from '../harness/federated-server.ts'
import { openChromium } from '../harness/open-chromium.ts'

// What a real browser makes of cookies, redirects between three origins and our content security policy. Scripts are off.
let federated: FederatedServer
let browser: Browser
beforeAll(async () => {
  federated = await startFederatedServer()
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await federated.close()
})

it('a person signs in at the provider, then as somebody else, and allows the client', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (entry) => {
    if (entry.type() === 'error') complaints.push(entry.text())
  })
  const clientId = String((await registerClient(federated.running.url)).body['client_id'])
  // The client does not listen: where the browser is sent is enough.
  await page.goto(buildAuthorization(federated.running.url, clientId).url)
  expect(page.url()).toContain(federated.idp.issuer)
  await page.fill('input[name=name]', 'mallory')
  await page.click('button[value=sign-in]')
  await page.waitForURL(/consent/)
  expect(await page.locator('body').innerText()).toContain('Signed in as Mallory (mallory@evil.example)')

  await page.click('button[value=switch]')
  await page.waitForURL(`${federated.idp.issuer}/interaction/**`)
  await page.fill('input[name=name]', 'ada')
  await page.click('button[value=sign-in]')
  await page.waitForURL(/consent/)
  expect(await page.locator('body').innerText()).toContain('Signed in as Ada Lovelace (ada@example.com)')

  const sent = page.waitForRequest((request) => request.url().startsWith('http://127.0.0.1:53122/callback'))
  await page.click('button[value=allow]')
  expect(new URL((await sent).url()).searchParams.get('code')).toBeTruthy()
  expect(complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([])
  await context.close()
})

it('a person who is refused reads why, and may try another account', async () => {
  federated.configure({ allow: { emailDomains: ['example.com'] } })
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  const clientId = String((await registerClient(federated.running.url)).body['client_id'])
  await page.goto(buildAuthorization(federated.running.url, clientId).url)
  await page.fill('input[name=name]', 'mallory')
  await page.click('button[value=sign-in]')
  await page.waitForURL(`${federated.running.url}/**`)
  expect(await page.locator('body').innerText()).toContain('identity_not_allowed')
  await page.click('text=Sign in again')
  await page.waitForURL(`${federated.idp.issuer}/interaction/**`)
  await page.fill('input[name=name]', 'ada')
  await page.click('button[value=sign-in]')
  await page.waitForURL(/consent/)
  await context.close()
})
