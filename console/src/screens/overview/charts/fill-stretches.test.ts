import { expect, it } from 'vitest'
import { fillStretches } from './fill-stretches.ts'

const fill = (points: readonly { timeMs: number; events: number }[], sinceMs: number, untilMs: number) =>
  fillStretches({ filter: { sinceMs, untilMs }, everyMs: 60_000 }, points, () => ({ events: 0 })).map(
    ({ timeMs, events }) => [timeMs / 60_000, events],
  )

it('puts empty stretches before, between and after those with events', () => {
  const points = [
    { timeMs: 120_000, events: 3 },
    { timeMs: 240_000, events: 1 },
  ]
  expect(fill(points, 60_000, 360_000)).toEqual([
    [1, 0],
    [2, 3],
    [3, 0],
    [4, 1],
    [5, 0],
  ])
})

it('fills the whole time where nothing happened', () => {
  expect(fill([], 0, 180_000)).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
  ])
})

it('keeps the stretches where the points say that they begin', () => {
  expect(fill([{ timeMs: 90_000, events: 2 }], 0, 200_000)).toEqual([
    [0.5, 0],
    [1.5, 2],
    [2.5, 0],
  ])
})
