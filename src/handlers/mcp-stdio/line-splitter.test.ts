import { array, assert, integer, property, uint8Array } from 'fast-check'
import { expect, it } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

it('splits the same lines whatever chunks they come in', () => {
  const bytes = uint8Array({ maxLength: 60 }).map((values) => Buffer.from(values.map((value) => value % 12)))
  assert(
    property(bytes, array(integer({ min: 1, max: 7 }), { minLength: 1 }), (text, sizes) => {
      const splitter = new LineSplitter(1_000)
      const lines: Buffer[] = []
      for (let start = 0, turn = 0; start < text.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        lines.push(...(splitter.push(text.subarray(start, start + size)) ?? []))
        start += size
      }
      const expected = text.toString('latin1').split('\n').slice(0, -1)
      expect(lines.map((line) => line.toString('latin1'))).toEqual(expected)
    }),
  )
})

it('takes a line of the limit, and none that is longer', () => {
  const limit = (text: string) => new LineSplitter(4).push(Buffer.from(text))
  expect(limit('abcd\n')?.map(String)).toEqual(['abcd'])
  expect(limit('abcd')).toEqual([])
  expect(limit('abcde')).toBeUndefined()
  expect(limit('abcde\n')).toBeUndefined()
  const splitter = new LineSplitter(4)
  expect(splitter.push(Buffer.from('ok\nabc'))?.map(String)).toEqual(['ok'])
  expect(splitter.push(Buffer.from('de\n'))).toBeUndefined()
})
