import { expect, it } from 'vitest'
import { RestartDelays } from './restart-delays.ts'

it('waits not at all, then longer and longer up to a minute', () => {
  let nowMs = 0
  const delays = new RestartDelays(() => nowMs)
  const waits: number[] = []
  for (let failure = 0; failure < 10; failure++) {
    delays.noteFailure('ada', 100)
    waits.push(delays.remainingMs('ada'))
    nowMs += delays.remainingMs('ada')
    expect(delays.remainingMs('ada')).toBe(0)
  }
  expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

it('begins anew with a process that ran for long', () => {
  const delays = new RestartDelays(() => 0)
  for (let failure = 0; failure < 5; failure++) delays.noteFailure('ada', 100)
  delays.noteFailure('ada', 60_000)
  expect(delays.remainingMs('ada')).toBe(0)
})

it('counts for each key by itself', () => {
  const delays = new RestartDelays(() => 0)
  for (let failure = 0; failure < 5; failure++) delays.noteFailure('ada', 100)
  expect(delays.remainingMs('ada')).toBeGreaterThan(0)
  expect(delays.remainingMs('bob')).toBe(0)
})
