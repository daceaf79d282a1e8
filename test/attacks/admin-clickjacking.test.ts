import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, signInByLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// Another site shows the console in a frame below something that people click.
let gateway: TestGateway
let owner: AdminClient

beforeAll(async () => {
  gateway = await startAdminGateway()
  owner = await signInByLink(gateway.directory)
})
afterAll(() => gateway.close())

it.each([
  '/console/',
  '/console/keys',
  '/api/admin/session',
  '/api/admin/nothing',
  '/api/admin/session/link?token=x',
  '/nothing',
])('%s is not shown in a frame, not read as something else, and tells nobody where it was', async (path) => {
  const { headers, body } = await request(owner.origin + path, {
    headers: { cookie: owner.cookie, accept: 'text/html' },
  })
  await body.dump()
  expect(headers['x-frame-options']).toBe('DENY')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['cross-origin-opener-policy']).toBe('same-origin')
  expect(headers['cross-origin-resource-policy']).toBe('same-origin')
  expect(headers['referrer-policy']).toMatch(/^(no-referrer|same-origin)$/)
  if (String(headers['content-type']).startsWith('text/html'))
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
})

it('what the API answers is kept by nobody', async () => {
  const { headers } = await owner.call('GET', '/keys')
  expect(headers['cache-control']).toBe('no-store')
})
