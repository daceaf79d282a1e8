import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { type BrowserAnswer, openBrowser, openPage, readFormToken } from '../harness/browser-login.ts'

let running: RunningAuthorizationServer
beforeAll(async () => {
  running = await startAuthorizationServer()
})
afterAll(() => running.close())

function expectUnframeable(page: BrowserAnswer): void {
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.headers['x-frame-options']).toBe('DENY')
  expect(page.headers['x-content-type-options']).toBe('nosniff')
  expect(page.headers['cache-control']).toContain('no-store')
  expect(page.text).not.toMatch(/<script/i)
}

test('no page of the sign-in can be framed, scripted or cached', async () => {
  const name = '"><script>alert(document.domain)</script>'
  const clientId = String((await registerClient(running.url, { client_name: name })).body['client_id'])
  const browser = openBrowser()
  const login = await openPage(browser, buildAuthorization(running.url, clientId).url)
  expectUnframeable(login)
  const answer = await browser.post(login.url, { form_token: readFormToken(login), name: 'ada' })
  const consent = await openPage(browser, answer.location ?? '')
  expectUnframeable(consent)
  expect(consent.text).toContain('&lt;script&gt;')
  expect(consent.headers['content-security-policy']).toContain("form-action 'self' http://127.0.0.1:53122;")
  expectUnframeable(await openPage(openBrowser(), buildAuthorization(running.url, 'unknown').url))
  expectUnframeable(await openPage(openBrowser(), consent.url))
})

test('the consent page says who asks, where the answer goes and what for', async () => {
  const clientId = String((await registerClient(running.url, { client_name: 'Claude Code' })).body['client_id'])
  const browser = openBrowser()
  const login = await openPage(browser, buildAuthorization(running.url, clientId).url)
  const answer = await browser.post(login.url, { form_token: readFormToken(login), name: 'ada' })
  const { text } = await openPage(browser, answer.location ?? '')
  for (const part of [
    'Claude Code',
    '127.0.0.1:53122',
    'Issue tracker',
    `${running.url}/mcp/tracker`,
    'tracker.example',
    'this computer',
  ]) {
    expect(text).toContain(part)
  }
})
