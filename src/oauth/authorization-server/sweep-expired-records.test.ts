import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { OAuthRecords } from '../../contracts/storage.ts'
import { sweepExpiredRecords } from './sweep-expired-records.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function expiredRecords(count: number) {
  let left = count
  const destroyExpired = vi.fn(async (_nowMs: number, limit: number) => {
    const removed = Math.min(left, limit)
    left -= removed
    return removed
  })
  return { records: { destroyExpired } as Partial<OAuthRecords> as OAuthRecords, destroyExpired, left: () => left }
}

it('removes everything that expired, however much it is, and then rests', async () => {
  const { records, destroyExpired, left } = expiredRecords(25_500)
  const stop = sweepExpiredRecords(records, Date.now, quiet)
  await vi.advanceTimersByTimeAsync(10 * 60_000 + 5_000)
  expect(left()).toBe(0)
  expect(destroyExpired).toHaveBeenCalledTimes(26)
  stop()
})

it('tries again later when the store fails, and stops when told', async () => {
  const { records, destroyExpired } = expiredRecords(1)
  destroyExpired.mockRejectedValueOnce(new Error('locked'))
  const stop = sweepExpiredRecords(records, Date.now, quiet)
  await vi.advanceTimersByTimeAsync(20 * 60_000)
  expect(destroyExpired).toHaveBeenCalledTimes(2)
  stop()
  await vi.advanceTimersByTimeAsync(60 * 60_000)
  expect(destroyExpired).toHaveBeenCalledTimes(2)
})
