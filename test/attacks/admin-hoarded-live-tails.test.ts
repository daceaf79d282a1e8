import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { adminRoles, startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'

// Live tails are few. Whoever may only look must not take those of everybody else.
let gateway: TestGateway
const names = Array.from({ length: 8 }, (_, index) => `viewer-${index}`)
const open: { destroy(): void }[] = []

beforeAll(async () => {
  gateway = await startAdminGateway({}, { roles: { ...adminRoles, viewer: { subjects: [...names, 'vera'] } } })
})
afterAll(async () => {
  for (const tail of open) tail.destroy()
  await gateway.close()
})

async function follow({ origin, cookie }: AdminClient): Promise<number> {
  const { statusCode, body } = await request(`${origin}/api/admin/events/stream`, { headers: { cookie } })
  body.on('error', () => undefined)
  if (statusCode === 200) open.push(body)
  else await body.dump()
  return statusCode
}
const count = (statuses: readonly number[], wanted: number) => statuses.filter((status) => status === wanted).length

it('one viewer gets four of them, however many sessions and requests at once', async () => {
  const [one, other] = [await signInByName(gateway.directory, 'vera'), await signInByName(gateway.directory, 'vera')]
  const statuses = await Promise.all(Array.from({ length: 40 }, (_, index) => follow(index % 2 ? one : other)))
  expect([count(statuses, 200), count(statuses, 429)]).toEqual([4, 36])
  const owner = await signInByName(gateway.directory, 'olga')
  expect(await follow(owner)).toBe(200)
  for (const tail of open.splice(0)) tail.destroy()
  await waitUntil('a place', async () => (await follow(one)) === 200)
  for (const tail of open.splice(0)) tail.destroy()
  await waitUntil('all places', async () => {
    const again = await Promise.all(Array.from({ length: 4 }, () => follow(one)))
    if (count(again, 200) === 4) return true
    for (const tail of open.splice(0)) tail.destroy()
    return false
  })
  for (const tail of open.splice(0)) tail.destroy()
})

it('all of them together get thirty-two', async () => {
  const clients = await Promise.all(names.map((name) => signInByName(gateway.directory, name)))
  await waitUntil('every place', async () => {
    const statuses = await Promise.all(clients.flatMap((client) => Array.from({ length: 4 }, () => follow(client))))
    if (count(statuses, 200) === 32) return true
    for (const tail of open.splice(0)) tail.destroy()
    return false
  })
  expect(await follow(await signInByName(gateway.directory, 'olga'))).toBe(429)
})
