import { expect, test } from 'vitest'
import {
  callsPerSecond,
  computeMedian,
  computeMedianRatio,
  computeSlope,
  pairRounds,
  type Sample,
  summarizeVariant,
} from './statistics.ts'

const sample = (p50: number, cpuSeconds: number, completed = 1_000): Sample => ({
  completed,
  seconds: 2,
  p50,
  p99: p50 * 10,
  cpuSeconds,
})

test('the median is the middle value, and the mean of the two middle ones of an even number', () => {
  expect(computeMedian([9, 1, 5])).toBe(5)
  expect(computeMedian([10, 1, 4, 2])).toBe(3)
  expect(computeMedian([])).toBeUndefined()
})

test('ratios are taken inside each pair, so a slow machine in one round does not count', () => {
  const pairs = [
    [20, 10],
    [400, 100],
    [30, 10],
  ] as const
  expect(computeMedianRatio(pairs)).toBe(3)
})

test('a pair with nothing to divide by is left out', () => {
  expect(
    computeMedianRatio([
      [5, 0],
      [5, -1],
      [6, 2],
    ]),
  ).toBe(3)
  expect(computeMedianRatio([[5, 0]])).toBeUndefined()
})

test('a round without one side gives no pair', () => {
  const rounds = [{ gateway: sample(1, 1), nginx: sample(1, 1) }, { gateway: sample(1, 1) }]
  expect(pairRounds(rounds, 'gateway', 'nginx', callsPerSecond)).toEqual([[500, 500]])
})

test('a summary reports CPU per call, what was added over direct, and ratios to nginx', () => {
  const rounds = [
    { direct: sample(50, 0.01), nginx: sample(150, 0.016), gateway: sample(250, 0.048) },
    { direct: sample(60, 0.01), nginx: sample(160, 0.02), gateway: sample(300, 0.08) },
    { direct: sample(40, 0.01), nginx: sample(140, 0.01), gateway: sample(340, 0.05) },
  ]
  const summary = summarizeVariant(rounds, 'gateway')
  expect(summary).toMatchObject({ rounds: 3, callsPerSecond: 500, p50: 300, addedP50: 240, addedP99: 2_400 })
  expect(summary.cpuMicrosecondsPerCall).toBeCloseTo(50)
  expect(summary.toNginx.cpu).toBeCloseTo(4)
  expect(summary.toNginx.cpuRange.map((ratio) => ratio.toFixed(2))).toEqual(['3.00', '5.00'])
  expect(summary.toNginx.addedP50).toBeCloseTo(2.4)
  expect(summary.toNginx.throughput).toBe(1)
})

test('the direct variant adds nothing and is compared with nothing', () => {
  const summary = summarizeVariant([{ direct: sample(50, 0.01), nginx: sample(90, 0.01) }], 'direct')
  expect(summary.addedP50).toBeUndefined()
  expect(summary.toNginx.cpu).toBeUndefined()
  expect(summary.toNginx.cpuRange).toEqual([])
})

test('the slope is that of the best line, whatever the points scatter around it', () => {
  expect(
    computeSlope([
      [1, 10],
      [2, 12],
      [3, 14],
    ]),
  ).toBeCloseTo(2)
  expect(
    computeSlope([
      [0, 5],
      [1, 7],
      [2, 7],
      [3, 5],
    ]),
  ).toBeCloseTo(0)
  expect(computeSlope([[1, 3]])).toBe(0)
})
