import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Revocation, Storage } from '../contracts/storage.ts'
import { openStorage } from './sqlite/open-storage.ts'
import { watchRevocations } from './watch-revocations.ts'

let directory: string
let own: Storage
let other: Storage
let stop: () => void
const log = { debug() {}, info() {}, warn() {}, error: vi.fn() }

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-watch-'))
  own = await openStorage(directory)
  other = await openStorage(directory)
})
afterEach(async () => {
  stop()
  await Promise.all([own.close(), other.close()])
  await rm(directory, { recursive: true, force: true })
})

async function watch(revocations = own.revocations, since?: number) {
  const seen: Revocation[] = []
  const missed = vi.fn()
  const listener = { onRevoked: (each: Revocation) => void seen.push(each), onMissed: missed }
  stop = watchRevocations(revocations, log, listener, since ?? (await own.revocations.latest()))
  return { seen, missed }
}

test('what another handle revokes is told once, within a second; what was revoked before is not', async () => {
  await other.revocations.add([{ kind: 'grant', id: 'old' }])
  const { seen, missed } = await watch()
  const startedAt = performance.now()
  await other.revocations.add([{ kind: 'grant', id: 'a' }])
  await vi.waitFor(() => expect(seen).toEqual([{ kind: 'grant', id: 'a' }]), 5000)
  expect(performance.now() - startedAt).toBeLessThan(2000)
  await other.revocations.add([{ kind: 'api-key', id: 'b' }])
  await vi.waitFor(() => expect(seen.map(({ id }) => id)).toEqual(['a', 'b']), 5000)
  expect(missed).not.toHaveBeenCalled()
})

test('what is revoked while the gateway starts is told, though nothing is written after it', async () => {
  await other.revocations.add([{ kind: 'grant', id: 'old' }])
  const since = await own.revocations.latest()
  await other.revocations.add([{ kind: 'signing-keys', id: 'leaked' }])
  const { seen } = await watch(own.revocations, since)
  await vi.waitFor(() => expect(seen).toEqual([{ kind: 'signing-keys', id: 'leaked' }]), 5000)
})

test('a gap is told', async () => {
  const gap = { ...own.revocations, readAfter: async () => ({ cursor: 9, complete: false, revocations: [] }) }
  const { missed } = await watch(gap)
  await other.revocations.add([{ kind: 'grant', id: 'a' }])
  await vi.waitFor(() => expect(missed).toHaveBeenCalled(), 5000)
})

test('a failed read is repeated', async () => {
  let failures = 1
  const flaky = {
    ...own.revocations,
    readAfter: (cursor: number) =>
      failures-- > 0 ? Promise.reject(new Error('disk')) : own.revocations.readAfter(cursor),
  }
  const { seen } = await watch(flaky)
  await other.revocations.add([{ kind: 'grant', id: 'a' }])
  await vi.waitFor(() => expect(seen).toHaveLength(1), 5000)
  expect(log.error).toHaveBeenCalledOnce()
})
