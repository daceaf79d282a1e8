import { afterAll, beforeAll, expect, it } from 'vitest'
import { issueTicket } from '../../src/admin/tickets.ts'
import { sha256 } from '../../src/lib/hash.ts'
import {
  adminOrigin,
  createAdminClient,
  finishSignIn,
  makeConsoleLink,
  readSessionCookie,
  withStorage,
} from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// Somebody finds the link later: in the scrollback, a log, a history.
let gateway: TestGateway

beforeAll(async () => {
  gateway = await startAdminGateway()
})
afterAll(() => gateway.close())

it('a link is not replayed', async () => {
  const link = await makeConsoleLink(gateway.directory)
  const first = await openBrowser().get(link)
  const cookie = readSessionCookie(first.headers['set-cookie'])
  expect((await createAdminClient(link.origin, cookie).call('GET', '/session')).status).toBe(200)
  const second = await openBrowser().get(link)
  expect(second.status).toBe(403)
  expect(second.text).toContain('admin_link_invalid')
  expect(second.headers['set-cookie']).toBeUndefined()
  await gateway.waitForEvent(({ type, reason }) => type === 'admin_sign_in_failed' && reason === 'admin_link_invalid')
})

it('of many who open it at once, one comes in', async () => {
  const link = await makeConsoleLink(gateway.directory)
  const answers = await Promise.all(Array.from({ length: 10 }, () => openBrowser().get(link)))
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
})

it('a link that is too old lets nobody in', async () => {
  const late = Date.now() - 11 * 60_000
  const token = await withStorage(gateway.directory, ({ oauth }) =>
    issueTicket({ kind: 'link', subject: 'operator:x' }, oauth, () => late),
  )
  const origin = await adminOrigin(gateway.directory)
  expect((await openBrowser().get(`${origin}/api/admin/session/link?token=${token}`)).status).toBe(403)
})

it('what only looks at a link does not use it up', async () => {
  const link = await makeConsoleLink(gateway.directory)
  expect((await openBrowser().get(link, { 'sec-purpose': 'prefetch' })).status).toBe(403)
  expect((await openBrowser().get(link, { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' })).status).toBe(403)
  expect((await openBrowser().post(link, {})).status).toBe(405)
  expect((await openBrowser().get(link)).status).toBe(303)
})

it('the code of a sign-in is no link, and a link is no code', async () => {
  const origin = await adminOrigin(gateway.directory)
  const finished = await finishSignIn(`${origin}/api/admin/session/sign-in`, 'vera', openBrowser())
  const code = finished.searchParams.get('code') ?? ''
  expect((await openBrowser().get(`${origin}/api/admin/session/link?token=${code}`)).status).toBe(403)
  const browser = openBrowser()
  await browser.get(`${origin}/api/admin/session/sign-in`)
  const link = await makeConsoleLink(gateway.directory)
  const token = link.searchParams.get('token') ?? ''
  expect((await browser.get(`${origin}/api/admin/session/finish?code=${token}`)).status).toBe(403)
})

it('the store holds only its hash', async () => {
  const link = await makeConsoleLink(gateway.directory)
  const token = link.searchParams.get('token') ?? ''
  const records = await withStorage(gateway.directory, ({ oauth }) => oauth.page('AdminTicket', '', 100))
  expect(JSON.stringify(records)).not.toContain(token)
  expect(records.map(({ idHash }) => idHash)).toContain(sha256(token))
})
