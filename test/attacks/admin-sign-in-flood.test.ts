import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminOrigin, makeConsoleLink } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// Somebody tries tokens of links, as many as they can.
let gateway: TestGateway

beforeAll(async () => {
  gateway = await startAdminGateway()
})
afterAll(() => gateway.close())

it('tries are limited', async () => {
  const origin = await adminOrigin(gateway.directory)
  const statuses: number[] = []
  for (let tried = 0; tried < 61; tried++)
    statuses.push((await openBrowser().get(`${origin}/api/admin/session/link?token=guess-${tried}`)).status)
  expect(statuses.slice(0, 60).every((status) => status === 403)).toBe(true)
  const refused = await openBrowser().get(await makeConsoleLink(gateway.directory))
  expect(refused.status).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
})
