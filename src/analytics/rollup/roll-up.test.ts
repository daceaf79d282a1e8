import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredPart } from './event-parts.ts'
import { findMergeable } from './roll-up.ts'

let lastRow = 0
const part = (level: number, rows: number): StoredPart => {
  const firstRow = lastRow + 1
  lastRow += rows
  return { firstRow, lastRow, level, rows, firstMs: 0, lastMs: 0 }
}
const parts = (...sizes: readonly (readonly [level: number, rows: number])[]) =>
  sizes.map(([level, rows]) => part(level, rows))

describe('parts that are merged', () => {
  test('are eight of a level that are next to each other', () => {
    const seven = Array.from({ length: 7 }, () => [0, 10] as const)
    expect(findMergeable(parts(...seven))).toBeUndefined()
    const eight = parts([1, 80], ...seven, [0, 10])
    expect(findMergeable(eight)).toEqual(eight.slice(1))
    expect(findMergeable(parts(...seven, [1, 80], [0, 10]))).toBeUndefined()
  })

  test('are no more than make a full one, and a full one is left alone', () => {
    const large = parts(...Array.from({ length: 9 }, () => [0, 20_000] as const))
    expect(findMergeable(large)).toEqual(large.slice(0, 3))
    const full = parts(...Array.from({ length: 9 }, () => [0, 70_000] as const))
    expect(findMergeable(full)).toEqual(full.slice(0, 1))
    expect(findMergeable(parts(...Array.from({ length: 9 }, () => [99, 70_000] as const)))).toBeUndefined()
  })

  test('stay few, whatever comes in, and merging ends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 300 }), (sizes) => {
        let stored: StoredPart[] = []
        let merges = 0
        for (const rows of sizes) {
          stored.push(part(0, rows))
          for (let run = findMergeable(stored); run; run = findMergeable(stored)) {
            const start = stored.indexOf(run[0] as StoredPart)
            const total = run.reduce((sum, each) => sum + each.rows, 0)
            const level = run.length < 8 || total >= 65_536 ? 99 : (run[0]?.level ?? 0) + 1
            stored = [...stored.slice(0, start), part(level, total), ...stored.slice(start + run.length)]
            if (++merges > sizes.length * 2) throw new Error('it goes on for ever')
          }
        }
        const total = sizes.reduce((sum, rows) => sum + rows, 0)
        expect(stored.reduce((sum, each) => sum + each.rows, 0)).toBe(total)
        expect(stored.filter(({ level }) => level < 99).length).toBeLessThanOrEqual(7 * 7)
        expect(stored.length).toBeLessThanOrEqual(7 * 7 + total / 20_000)
      }),
      { numRuns: 50 },
    )
  })
})
