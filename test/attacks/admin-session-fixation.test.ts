import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  adminOrigin,
  createAdminClient,
  makeConsoleLink,
  readSessionCookie,
  signInByLink,
  signInByName,
  withStorage,
} from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// Another program on a port of this machine plants a cookie: cookies do not know ports.
let gateway: TestGateway
let origin: string

beforeAll(async () => {
  gateway = await startAdminGateway()
  origin = await adminOrigin(gateway.directory)
})
afterAll(() => gateway.close())

const cookieName = () => `sallyport-session-${new URL(origin).port}`

it('a planted id does not become the session of whoever signs in', async () => {
  const planted = `${cookieName()}=${'p'.repeat(43)}`
  const answer = await openBrowser().get(await makeConsoleLink(gateway.directory), { cookie: planted })
  const cookie = readSessionCookie(answer.headers['set-cookie'])
  expect(cookie).not.toBe(planted)
  expect((await createAdminClient(origin, planted).call('GET', '/session')).status).toBe(401)
})

it('the session of an attacker ends when somebody signs in over it', async () => {
  const attacker = await signInByName(gateway.directory, 'vera')
  await openBrowser().get(await makeConsoleLink(gateway.directory), { cookie: attacker.cookie })
  expect((await attacker.call('GET', '/session')).status).toBe(401)
})

it('two cookies of the name are none', async () => {
  const owner = await signInByLink(gateway.directory)
  const doubled = createAdminClient(origin, `${cookieName()}=x; ${owner.cookie}`)
  expect((await doubled.call('GET', '/session')).status).toBe(401)
})

it('the cookie is out of reach of scripts, of other sites and of other paths', async () => {
  const answer = await openBrowser().get(await makeConsoleLink(gateway.directory))
  const line = [answer.headers['set-cookie']].flat().find((each) => each?.startsWith(cookieName()))
  expect(line?.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/api/admin', 'SameSite=Strict'])
})

it('the store holds only the hash of the id', async () => {
  const owner = await signInByLink(gateway.directory)
  const id = owner.cookie.slice(owner.cookie.indexOf('=') + 1)
  const records = await withStorage(gateway.directory, ({ oauth }) => oauth.page('AdminSession', '', 1000))
  expect(records.length).toBeGreaterThan(0)
  expect(JSON.stringify(records)).not.toContain(id)
})
