import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { decodeColumn, decodeColumns, encodeColumn, encodeColumns, type PlainColumn } from './column.ts'
import { describeArray, measureArray } from './number-array.ts'

const numbers = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 255 })),
  fc.array(fc.integer({ min: 0, max: 65_535 })),
  fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  fc.array(fc.integer({ min: -5, max: 5 })),
  fc.array(fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((each) => each + 0)),
  fc
    .tuple(fc.integer({ min: -300, max: 2 ** 40 }), fc.nat(20))
    .map(([value, length]) => Array<number>(length).fill(value)),
  fc.array(fc.nat(100_000_000).map((microseconds) => microseconds / 1000)),
  fc
    .tuple(fc.maxSafeInteger(), fc.array(fc.nat(70_000)))
    .map(([base, offsets]) => offsets.map((offset) => Math.min(base + offset, Number.MAX_SAFE_INTEGER))),
  fc.nat(300).map((length) => Array.from({ length }, (_, row) => row + 1)),
)
const values = fc.array(
  fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\0', '', null), fc.integer()),
)
const column: fc.Arbitrary<PlainColumn> = fc.record({
  values: fc.option(values, { nil: undefined }),
  arrays: fc.array(numbers, { maxLength: 3 }),
})
const columns = fc
  .dictionary(
    fc.string({ minLength: 1 }).filter((name) => Number.isNaN(Number(name)) && name !== '__proto__'),
    column,
  )
  .map((each) => new Map(Object.entries(each)))

const plain = ({ values: own, arrays }: PlainColumn) => ({
  values: own,
  arrays: arrays.map((array) => Array.from(array)),
})
const plainAll = (all: ReadonlyMap<string, PlainColumn>) => [...all].map(([name, each]) => [name, plain(each)])

/** The same bytes, elsewhere in memory: databases give them as they please. */
function moveBy(bytes: Uint8Array, offset: number): Uint8Array {
  const moved = new Uint8Array(bytes.length + offset + 3).fill(0xab)
  moved.set(bytes, offset)
  return moved.subarray(offset, offset + bytes.length)
}

test('columns come back as they were written, wherever in memory their bytes are', () => {
  fc.assert(
    fc.property(columns, fc.nat(16), (written, offset) => {
      const bytes = encodeColumns(written)
      expect(plainAll(decodeColumns(bytes))).toEqual(plainAll(written))
      expect(plainAll(decodeColumns(moveBy(bytes, offset)))).toEqual(plainAll(written))
    }),
  )
})

test('so does a column by itself', () => {
  fc.assert(
    fc.property(column, fc.nat(16), (written, offset) => {
      const bytes = encodeColumn(written.values, written.arrays)
      expect(plain(decodeColumn(moveBy(bytes, offset)))).toEqual(plain(written))
    }),
  )
})

test('the same columns are the same bytes, whatever was in memory before', () => {
  const written = new Map([
    [
      'a',
      {
        values: ['x'],
        arrays: [
          [1, 200, 70],
          [1, 2.5, 3],
        ],
      },
    ],
  ])
  const [left, right] = [0xab, 0xcd].map((rest) => {
    vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => Buffer.alloc(size, rest))
    return encodeColumns(written)
  })
  vi.restoreAllMocks()
  expect(left).toEqual(right)
})

test('reading does not change the bytes that were given, and leaves what is around them alone', () => {
  const bytes = moveBy(encodeColumns(new Map([['a', { arrays: [[1, 200, 70_000]] }]])), 5)
  const before = Uint8Array.from(new Uint8Array(bytes.buffer))
  decodeColumns(bytes)
  expect(new Uint8Array(bytes.buffer)).toEqual(before)
})

test.each([
  { of: [7, 7, 7], bytes: 0 },
  { of: [1, 2, 3], bytes: 0 },
  { of: [0, 255, 3], bytes: 8 },
  { of: [0, 256, 3], bytes: 8 },
  { of: [0, 65_536, 3], bytes: 16 },
  { of: [0, 2 ** 32, 3], bytes: 24 },
  { of: [0, 1 / 3, 3], bytes: 24 },
])('$of take $bytes bytes', ({ of, bytes }) => {
  expect(measureArray(describeArray(of))).toBe(bytes)
})
