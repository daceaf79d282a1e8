import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminClient, signInByLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// Another site makes the browser of an administrator send something. The cookie is SameSite=Strict; nothing here relies on that alone.
let gateway: TestGateway
let owner: AdminClient

beforeAll(async () => {
  gateway = await startAdminGateway()
  owner = await signInByLink(gateway.directory)
})
afterAll(() => gateway.close())

const keys = async () => ((await owner.call('GET', '/keys')).json as unknown as { items: unknown[] }).items

describe('a change that the console did not make', () => {
  it.each([
    ['from another site', { origin: 'https://evil.example' }],
    ['from another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['from a sandboxed frame', { origin: 'null' }],
    ['without an Origin', { origin: null }],
    ['without the header of the console', { 'x-sallyport-admin': null }],
    ['that the browser says is cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that the browser says is same-site', { 'sec-fetch-site': 'same-site' }],
    ['that somebody typed as an address', { 'sec-fetch-site': 'none' }],
  ])('%s is refused', async (_what, headers) => {
    const before = await keys()
    const { status, json } = await owner.call('POST', '/keys', { body: { consumer: 'mallory' }, headers })
    expect([status, json.reason]).toEqual([403, 'admin_cross_site'])
    expect(await keys()).toEqual(before)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'as a form would send it (%s) is refused',
    async (type) => {
      const body = JSON.stringify({ consumer: 'mallory' })
      const { status, json } = await owner.call('POST', '/keys', { body, headers: { 'content-type': type } })
      expect([status, json.reason]).toEqual([415, 'admin_request_invalid'])
    },
  )

  it('leaves an event', async () => {
    await owner.call('DELETE', '/keys/key_x', { headers: { origin: 'https://evil.example' } })
    const event = await gateway.waitForEvent(
      ({ type, detail }) => type === 'admin_refused' && detail?.includes('DELETE') === true,
    )
    expect(event).toMatchObject({ reason: 'admin_cross_site', outcome: 'denied' })
  })
})

it('a request that the console made does change something', async () => {
  const { status } = await owner.call('POST', '/keys', {
    body: { consumer: 'mine' },
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  expect(status).toBe(201)
})

it('a preflight is never granted', async () => {
  const answer = await request(`${owner.origin}/api/admin/keys`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-sallyport-admin,content-type',
    },
  })
  expect(answer.statusCode).toBe(403)
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
})

it.each([{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])(
  'another site may not read either (%o)',
  async (headers) => {
    const { status, json } = await owner.call('GET', '/keys', { headers })
    expect([status, json.reason]).toEqual([403, 'admin_cross_site'])
  },
)
