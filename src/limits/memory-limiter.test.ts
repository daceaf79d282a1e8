import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LimitVerdict } from '../contracts/limiter.ts'
import { createMemoryLimiter } from './memory-limiter.ts'

function limiterAt(startMs: number, maxKeys?: number) {
  let now = startMs
  const limiter = createMemoryLimiter(() => now, maxKeys)
  return {
    take: (key: string, limit: number, windowMs: number) => limiter.take(key, limit, windowMs) as LimitVerdict,
    advance: (milliseconds: number) => void (now += milliseconds),
    now: () => now,
  }
}

const limits = fc.integer({ min: 1, max: 20 })
const windows = fc.oneof(fc.integer({ min: 50, max: 10_000 }), fc.double({ min: 0.5, max: 90_000, noNaN: true }))
const starts = fc.integer({ min: 0, max: 4_000_000_000_000 })

describe('any sequence of requests', () => {
  test('never has more than the limit allowed in any window, and refuses only when about that many were', () => {
    fc.assert(
      fc.property(
        limits,
        windows,
        starts,
        fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { maxLength: 200 }),
        (limit, windowMs, start, gaps) => {
          const limiter = limiterAt(start)
          const taken: number[] = []
          for (const gap of gaps) {
            // Mostly small gaps, sometimes more than a window.
            limiter.advance(gap ** 4 * windowMs)
            const within = (span: number) => taken.filter((time) => time > limiter.now() - span).length
            const { allowed, retryAfterSeconds } = limiter.take('key', limit, windowMs)
            if (allowed) {
              taken.push(limiter.now())
              expect(within(windowMs * (1 - 1e-6))).toBeLessThanOrEqual(limit)
              expect(retryAfterSeconds).toBe(0)
            } else expect(within(windowMs * (1 + 1 / 60 + 1e-6))).toBeGreaterThanOrEqual(limit)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is allowed again after the seconds it was told, and not much earlier', () => {
    fc.assert(
      fc.property(
        limits,
        windows,
        starts,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (limit, windowMs, start, gaps) => {
          const limiter = limiterAt(start)
          for (const gap of gaps) {
            limiter.advance((gap * windowMs) / limit)
            limiter.take('key', limit, windowMs)
          }
          while (limiter.take('key', limit, windowMs).allowed);
          const { retryAfterSeconds } = limiter.take('key', limit, windowMs)
          expect(Number.isInteger(retryAfterSeconds)).toBe(true)
          expect(retryAfterSeconds).toBeGreaterThanOrEqual(1)
          expect(retryAfterSeconds).toBeLessThanOrEqual(Math.ceil((windowMs * 61) / 60_000) + 1)
          if (retryAfterSeconds > 1) {
            limiter.advance((retryAfterSeconds - 1) * 1000 - 1)
            expect(limiter.take('key', limit, windowMs).allowed).toBe(false)
            limiter.advance(1001)
          } else limiter.advance(1000)
          expect(limiter.take('key', limit, windowMs).allowed).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('keys do not share a count; refused requests do not count', () => {
  const limiter = limiterAt(1000)
  expect(limiter.take('a', 1, 1000).allowed).toBe(true)
  expect(limiter.take('b', 1, 1000).allowed).toBe(true)
  for (let n = 0; n < 100; n++) expect(limiter.take('a', 1, 1000).allowed).toBe(false)
  limiter.advance(1020)
  expect(limiter.take('a', 1, 1000).allowed).toBe(true)
})

test('another window starts anew, another limit applies at once', () => {
  const limiter = limiterAt(1000)
  limiter.take('a', 5, 1000)
  limiter.take('a', 5, 1000)
  expect(limiter.take('a', 2, 1000).allowed).toBe(false)
  expect(limiter.take('a', 3, 1000).allowed).toBe(true)
  expect(limiter.take('a', 1, 2000).allowed).toBe(true)
})

test('a clock that is set back a little lets nobody in early; by more than a window, the count starts anew', () => {
  const limiter = limiterAt(1_000_000)
  expect(limiter.take('a', 1, 1000).allowed).toBe(true)
  limiter.advance(-500)
  expect(limiter.take('a', 1, 1000)).toEqual({ allowed: false, retryAfterSeconds: 2 })
  limiter.advance(-500_000)
  expect(limiter.take('a', 1, 1000).allowed).toBe(true)
  expect(limiter.take('a', 1, 1000)).toEqual({ allowed: false, retryAfterSeconds: 2 })
  limiter.advance(1020)
  expect(limiter.take('a', 1, 1000).allowed).toBe(true)
})

test('a key in use is remembered however many others come; what is remembered stays bounded', () => {
  const limiter = limiterAt(1000, 100)
  expect(limiter.take('steady', 1, 60_000).allowed).toBe(true)
  expect(limiter.take('once', 1, 60_000).allowed).toBe(true)
  for (let n = 0; n < 1000; n++) {
    limiter.take(`flood-${n}`, 1, 60_000)
    if (n % 40 === 0) expect(limiter.take('steady', 1, 60_000).allowed).toBe(false)
  }
  expect(limiter.take('steady', 1, 60_000).allowed).toBe(false)
  expect(limiter.take('once', 1, 60_000).allowed).toBe(true)
})
