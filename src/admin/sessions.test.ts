import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Storage } from '../contracts/storage.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { createAdminSessions } from './sessions.ts'

const vera = { subject: 'vera', tenant: 'default', name: 'Vera', signedInBy: 'identity-provider' } as const
const minute = 60_000
let directory: string
let storage: Storage

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-sessions-'))
  storage = await openStorage(directory)
})
afterAll(async () => {
  await storage.close()
  await rm(directory, { recursive: true })
})

function open(lifetimes = { idleMs: 60 * minute, totalMs: 480 * minute }) {
  let nowMs = 1_000_000
  let current = lifetimes
  let writes = 0
  const records = {
    ...storage.oauth,
    replacePayload: (...args: Parameters<typeof storage.oauth.replacePayload>) => {
      writes += 1
      return storage.oauth.replacePayload(...args)
    },
  }
  const sessions = createAdminSessions(
    records,
    () => nowMs,
    () => current,
  )
  return {
    sessions,
    writes: () => writes,
    pass: (ms: number) => void (nowMs += ms),
    shorten: (next: typeof lifetimes) => void (current = next),
  }
}

it('lasts as long as somebody uses it', async () => {
  const { sessions, pass } = open()
  const id = await sessions.begin(vera)
  for (let visit = 0; visit < 5; visit++) {
    pass(50 * minute)
    expect(await sessions.find(id, true)).toMatchObject(vera)
  }
})

it('ends when nobody used it, and does not come back', async () => {
  const { sessions, pass } = open()
  const id = await sessions.begin(vera)
  pass(60 * minute)
  expect(await sessions.find(id, true)).toBeUndefined()
  pass(-59 * minute)
  expect(await sessions.find(id, true)).toBeUndefined()
})

it('ends after its whole time whatever happens', async () => {
  const { sessions, pass } = open()
  const id = await sessions.begin(vera)
  for (let visit = 0; visit < 9; visit++) {
    pass(50 * minute)
    expect(await sessions.find(id, true)).toBeDefined()
  }
  pass(30 * minute)
  expect(await sessions.find(id, true)).toBeUndefined()
})

it('is not kept alive by a stream that only looks whether it is allowed', async () => {
  const { sessions, pass } = open()
  const id = await sessions.begin(vera)
  for (let look = 0; look < 3; look++) {
    pass(19 * minute)
    expect(await sessions.find(id, false)).toBeDefined()
  }
  pass(3 * minute)
  expect(await sessions.find(id, false)).toBeUndefined()
})

it('ends earlier when the project says so now', async () => {
  const { sessions, pass, shorten } = open()
  const id = await sessions.begin(vera)
  pass(10 * minute)
  shorten({ idleMs: 5 * minute, totalMs: 480 * minute })
  expect(await sessions.find(id, true)).toBeUndefined()
})

it('is not written with every request', async () => {
  const { sessions, writes, pass } = open()
  const id = await sessions.begin(vera)
  for (let visit = 0; visit < 100; visit++) {
    pass(100)
    await sessions.find(id, true)
  }
  expect(writes()).toBe(0)
  pass(minute)
  await sessions.find(id, true)
  await sessions.find(id, true)
  expect(writes()).toBe(1)
})

it('ends with the sign-out', async () => {
  const { sessions } = open()
  const id = await sessions.begin(vera)
  await sessions.end(id)
  expect(await sessions.find(id, true)).toBeUndefined()
})
