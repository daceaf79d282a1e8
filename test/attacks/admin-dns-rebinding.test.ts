import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminClient, signInByLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// A name of the attacker points to 127.0.0.1, so that their page becomes the same origin as whatever listens there.
let gateway: TestGateway
let owner: AdminClient

beforeAll(async () => {
  gateway = await startAdminGateway()
  owner = await signInByLink(gateway.directory)
})
afterAll(() => gateway.close())

const port = () => new URL(owner.origin).port

describe('under a name that is not ours', () => {
  it.each([
    '/api/admin/session',
    '/api/admin/keys',
    '/api/admin/openapi.json',
    '/api/admin/session/link?token=x',
    '/api/admin/session/sign-in',
    '/console/',
    '/healthz',
    '/readyz',
    '/metrics',
  ])('%s is refused, also with the cookie', async (path) => {
    for (const host of [`evil.example:${port()}`, 'evil.example', `127.0.0.1.evil.example:${port()}`, '127.0.0.1:1']) {
      const answer = await request(owner.origin + path, { headers: { host, cookie: owner.cookie } })
      expect([host, answer.statusCode]).toEqual([host, 403])
      await answer.body.dump()
    }
  })

  it('a change is refused although its Origin is that name', async () => {
    const host = `evil.example:${port()}`
    const headers = { host, origin: `http://${host}` }
    const { json } = await owner.call('POST', '/keys', { body: { consumer: 'mallory' }, headers })
    expect(json.reason).toBe('host_not_allowed')
    await gateway.waitForEvent(({ type, reason }) => type === 'admin_refused' && reason === 'host_not_allowed')
  })
})

it('another name of this machine leads to the one that the cookies are of', async () => {
  const answer = await request(`${owner.origin}/console/traffic?type=x`, { headers: { host: `localhost:${port()}` } })
  expect(answer.statusCode).toBe(302)
  expect(answer.headers['location']).toBe(`${owner.origin}/console/traffic?type=x`)
})

it('our own name is served', async () => {
  expect((await request(`${owner.origin}/healthz`)).statusCode).toBe(200)
})
