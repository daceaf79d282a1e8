import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Storage } from '../contracts/storage.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { issueTicket, redeemTicket } from './tickets.ts'

let directory: string
let storage: Storage
const link = { kind: 'link', subject: 'operator:ada' } as const

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-tickets-'))
  storage = await openStorage(directory)
})
afterAll(async () => {
  await storage.close()
  await rm(directory, { recursive: true })
})

it('of many who look at the same moment, one has it', async () => {
  const token = await issueTicket(link, storage.oauth, Date.now)
  const all = await Promise.all(Array.from({ length: 5 }, () => redeemTicket('link', token, storage.oauth, Date.now)))
  expect(all.filter((ticket) => ticket !== undefined)).toEqual([link])
})

it('a ticket of another kind is gone and lets nobody in', async () => {
  const token = await issueTicket(link, storage.oauth, Date.now)
  expect(await redeemTicket('code', token, storage.oauth, Date.now)).toBeUndefined()
  expect(await redeemTicket('link', token, storage.oauth, Date.now)).toBeUndefined()
})

it.each([
  [599_999, true],
  [600_000, false],
])('a link is good for ten minutes: after %i ms %s', async (passedMs, isGood) => {
  const token = await issueTicket(link, storage.oauth, () => 1_000)
  const redeemed = await redeemTicket('link', token, storage.oauth, () => 1_000 + passedMs)
  expect(redeemed !== undefined).toBe(isGood)
})
