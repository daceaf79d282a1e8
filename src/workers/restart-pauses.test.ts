import { expect, it } from 'vitest'
import { RestartPauses } from './restart-pauses.ts'

it('whoever ends again and again waits longer and longer, up to half a minute', () => {
  const pauses = new RestartPauses()
  const waited = Array.from({ length: 10 }, () => {
    pauses.noteEnd(100)
    return pauses.nextMs
  })
  expect(waited).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  expect(pauses.ends).toBe(10)
})

it('who ran for long begins anew', () => {
  const pauses = new RestartPauses()
  for (let n = 0; n < 5; n++) pauses.noteEnd(100)
  pauses.noteEnd(60_000)
  expect(pauses.nextMs).toBe(0)
  pauses.noteEnd(59_999)
  expect(pauses.nextMs).toBe(500)
})
