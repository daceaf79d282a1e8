import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryLimiter } from '../limits/memory-limiter.ts'
import { AskedLimiter } from './asked-limiter.ts'
import type { FromWorker } from './messages.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function createAsked() {
  const sent: Extract<FromWorker, { kind: 'take' }>[] = []
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const send = (message: FromWorker) => void (message.kind === 'take' && sent.push(message))
  return { sent, log, limiter: new AskedLimiter(send, createMemoryLimiter(Date.now), log) }
}

it('answers what whoever counts for all says, to the one who asked', async () => {
  const { sent, log, limiter } = createAsked()
  const first = limiter.take('a', 1, 1000)
  const second = limiter.take('b', 2, 3000)
  expect(sent).toMatchObject([
    { key: 'a', limit: 1, windowMs: 1000 },
    { key: 'b', limit: 2, windowMs: 3000 },
  ])
  limiter.settle(sent[1]?.id ?? 0, { allowed: true, retryAfterSeconds: 0 })
  limiter.settle(sent[0]?.id ?? 0, { allowed: false, retryAfterSeconds: 7 })
  expect(await first).toEqual({ allowed: false, retryAfterSeconds: 7 })
  expect((await second).allowed).toBe(true)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(log.warn).not.toHaveBeenCalled()
})

it('counts for itself where nobody answers, says so now and then, and waits for nobody', async () => {
  const { sent, log, limiter } = createAsked()
  const take = async () => {
    const verdict = limiter.take('a', 2, 60_000)
    await vi.advanceTimersByTimeAsync(1_000)
    return (await verdict).allowed
  }
  expect([await take(), await take(), await take()]).toEqual([true, true, false])
  expect(log.warn).toHaveBeenCalledTimes(1)
  // What comes too late is nobody's.
  limiter.settle(sent[0]?.id ?? 0, { allowed: true, retryAfterSeconds: 0 })
  await vi.advanceTimersByTimeAsync(10_000)
  await take()
  expect(log.warn).toHaveBeenCalledTimes(2)
})
