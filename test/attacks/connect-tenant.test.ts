import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  makeUpstream,
  type RunningConnectionPages,
  readFields,
  setOut,
  startConnectionPages,
} from '../harness/connection-pages.ts'

// An upstream behind a route of one tenant, to people of another, is not there; nor are connections of another tenant.
const upstream = makeUpstream('linear', 'user-oauth', 'Linear')
let running: RunningConnectionPages
beforeAll(async () => {
  const find = (id: string) => (id === 'linear' ? upstream : undefined)
  const tenantsOf = () => ['acme']
  running = await startConnectionPages({
    upstreams: { list: () => [upstream], find, listByServer: () => [], tenantsOf },
  })
})
afterAll(() => running.close())

const at = (path: string) => `${running.url}/auth/connections${path}`

test('people of another tenant neither see nor connect it, also by saying another tenant', async () => {
  const browser = running.browserOf('mallory@beta')
  expect((await browser.get(at(''))).text).not.toContain('Linear')
  for (const path of [
    '/linear/connect',
    '/linear/connect?tenant=acme',
    '/linear/connect?tenant=beta',
    '/linear/disconnect',
  ]) {
    const page = await browser.get(at(path))
    expect(page.status).toBe(403)
    expect(page.text).toContain('tenant_mismatch')
  }
  expect(running.begun).toEqual([])
})

test('a form of one tenant sent for another is refused', async () => {
  const browser = running.browserOf('ada@acme')
  const form = readFields(await browser.get(at('/linear/connect')))
  expect((await browser.post(at('/linear/connect'), { ...form, tenant: 'beta' })).status).toBe(403)
  expect((await browser.post(at('/linear/disconnect'), { ...form, tenant: 'beta' })).status).toBe(403)
  expect(running.begun).toEqual([])
})

test('who changed the tenant on the way does not come back with a connection', async () => {
  const browser = running.browserOf('ada@acme')
  const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
  running.signIn(browser, 'ada@beta')
  expect((await browser.get(at(`/callback?code=c&state=${state}`))).status).toBe(403)
  running.signIn(browser, 'ada@acme')
  await browser.get(at(`/callback?code=c&state=${state}`))
  expect(await running.connections.list({ limit: 9 })).toMatchObject([{ tenant: 'acme', owner: 'subject:ada' }])
})

test('people whose claims name no tenant connect in that of the route', async () => {
  const browser = running.browserOf('grace@')
  const state = (await setOut(browser, at('/linear/connect'))).searchParams.get('state')
  await browser.get(at(`/callback?code=c&state=${state}`))
  expect(await running.connections.list({ owner: 'subject:grace', limit: 9 })).toMatchObject([{ tenant: 'acme' }])
  expect((await browser.get(at('/linear/connect?tenant=beta'))).status).toBe(403)
})
