import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findAdminOrigin } from '../../src/admin/admin-origin.ts'
import { makeConsoleLink, withStorage } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { findFreePort } from '../harness/spawn-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// TLS ends at a proxy, which passes Host on. The listener only sees plain http.
let gateway: TestGateway
let listener: string
const origin = 'https://admin.example.com'
const host = 'admin.example.com'

beforeAll(async () => {
  const port = await findFreePort()
  listener = `http://127.0.0.1:${port}`
  gateway = await startAdminGateway({}, { listen: { port }, publicUrl: origin })
})
afterAll(() => gateway.close())

const ask = async (
  path: string,
  options: { method?: 'POST'; headers?: Record<string, string>; body?: string } = {},
) => {
  const { method = 'GET', body = null, headers } = options
  const answer = await request(listener + path, { method, body, headers: { host, ...headers } })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

async function enter(): Promise<{ cookie: string; lines: readonly string[] }> {
  const link = await makeConsoleLink(gateway.directory)
  expect(link.origin).toBe(origin)
  const { headers } = await ask(link.pathname + link.search)
  const lines = [headers['set-cookie'] ?? []].flat()
  const session = lines.find((line) => line.startsWith('__Host-sallyport-session=')) ?? ''
  return { cookie: session.slice(0, session.indexOf(';')), lines }
}

it('cookies are of this host alone and only sent over TLS', async () => {
  const { lines } = await enter()
  const [session = ''] = lines.filter((line) => line.startsWith('__Host-sallyport-session='))
  expect(session.split('; ').slice(1)).toEqual(['HttpOnly', 'Path=/', 'Secure', 'SameSite=Strict'])
  expect(lines.every((line) => line.startsWith('__Host-') && line.includes('Secure'))).toBe(true)
})

it('browsers are told to come over TLS from now on', async () => {
  expect((await ask('/console/')).headers['strict-transport-security']).toMatch(/^max-age=\d+$/)
})

it('a change is of the public origin, not of the listener', async () => {
  const { cookie } = await enter()
  const body = '{"consumer":"x"}'
  const headers = { cookie, 'content-type': 'application/json', 'x-sallyport-admin': '1' }
  const post = (from: string) => ask('/api/admin/keys', { method: 'POST', body, headers: { ...headers, origin: from } })
  expect((await post(origin)).status).toBe(201)
  expect((await post(listener)).status).toBe(403)
  expect((await post('http://admin.example.com')).status).toBe(403)
})

it('other names are refused, and those of this machine lead there', async () => {
  expect((await ask('/console/', { headers: { host: 'evil.example' } })).status).toBe(403)
  const local = await ask('/console/keys', { headers: { host: new URL(listener).host } })
  expect([local.status, local.headers['location']]).toEqual([302, `${origin}/console/keys`])
})

it('a sign-in comes back to the public origin, whatever the request says', async () => {
  expect(await withStorage(gateway.directory, findAdminOrigin)).toBe(origin)
  const { headers } = await ask('/api/admin/session/sign-in', { headers: { 'x-forwarded-host': 'evil.example' } })
  expect(String(headers['location'])).toMatch(new RegExp(`^${gateway.publicUrl}/auth/admin\\?challenge=`))
})
