import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketCount, findBucket, findBucketStart, Histogram } from './histogram.ts'

describe('buckets', () => {
  test('are next to each other, and each begins in itself', () => {
    const last = findBucket(Number.MAX_VALUE)
    expect(last).toBeLessThan(bucketCount)
    for (let bucket = 0; bucket < last; bucket++) {
      expect(findBucket(findBucketStart(bucket))).toBe(bucket)
      expect(findBucketStart(bucket + 1)).toBeGreaterThan(findBucketStart(bucket))
    }
  })

  test('hold every duration, and none that is further away than 1/64', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 8e6, noNaN: true }), (milliseconds) => {
        const bucket = findBucket(milliseconds)
        const [start, end] = [findBucketStart(bucket), findBucketStart(bucket + 1)]
        expect(start).toBeLessThanOrEqual(milliseconds)
        expect(end).toBeGreaterThan(milliseconds)
        expect(end - start).toBeLessThanOrEqual(Math.max(start / 64, 1 / 256))
      }),
    )
  })

  test('of durations that a clock got wrong are the first one', () => {
    expect(findBucket(-5)).toBe(0)
  })
})

describe('percentiles', () => {
  const durations = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 })

  test('are off by at most 1/128', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const histogram = new Histogram()
        for (const duration of all) histogram.add(findBucket(duration), 1)
        const sorted = all.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(Math.ceil(share * all.length) - 1, 0)] ?? 0
        expect(histogram.count).toBe(all.length)
        expect(Math.abs((histogram.percentile(share) ?? 0) - exact)).toBeLessThanOrEqual(Math.max(exact / 128, 1 / 512))
      }),
    )
  })

  test('are the same however durations were counted', () => {
    fc.assert(
      fc.property(durations, (all) => {
        const [single, summed] = [new Histogram(), new Histogram()]
        const counts = new Uint32Array(bucketCount)
        for (const duration of all) {
          const bucket = findBucket(duration)
          single.add(bucket, 1)
          counts[bucket] = (counts[bucket] ?? 0) + 1
        }
        summed.addCounts(counts)
        for (const share of [0, 0.5, 0.95, 1]) expect(summed.percentile(share)).toBe(single.percentile(share))
      }),
    )
  })

  test('of nothing are nothing', () => {
    expect(new Histogram().percentile(0.5)).toBeNull()
  })
})
