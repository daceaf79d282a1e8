import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeColumns, encodeColumns } from './column.ts'
import { Alphabet, encodeTexts, readTexts } from './text-column.ts'

const hexadecimal = new Alphabet('0123456789abcdef')

/** How the texts come back, and how many bytes they took, the header among them. */
function passOn(texts: readonly (string | null)[], alphabet = hexadecimal) {
  const bytes = Buffer.from(texts.map((text) => text ?? '').join(''))
  const lengths = Float64Array.from(texts, (text) => Buffer.byteLength(text ?? ''))
  const missing = Float64Array.from(texts.flatMap((text, row) => (text === null ? [row] : [])))
  const encoded = encodeColumns(new Map([['text', encodeTexts({ bytes, lengths, missing }, alphabet)]]))
  const column = decodeColumns(encoded).get('text')
  const read = column ? readTexts(column) : () => undefined
  return { texts: texts.map((_, row) => read(row)), size: encoded.length }
}

const symbols = fc.stringMatching(/^[0-9a-f]*$/)
const anything = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())

test('any texts come back as they were', () => {
  const lists = fc.oneof(
    fc.array(fc.option(symbols), { minLength: 1 }),
    fc.array(fc.option(fc.oneof(symbols, anything)), { minLength: 1 }),
  )
  fc.assert(
    fc.property(lists, (texts) => {
      expect(passOn(texts).texts).toEqual(texts)
    }),
  )
})

test('texts of one length come back as they were, however many places differ', () => {
  const template = fc.stringMatching(/^[0-9a-f]{12}$/)
  const lists = template.chain((text) =>
    fc.array(
      fc
        .tuple(fc.nat(11), fc.constantFrom('0', 'a', 'f'))
        .map(([at, other]) => text.slice(0, at) + other + text.slice(at + 1)),
      { minLength: 1, maxLength: 40 },
    ),
  )
  fc.assert(
    fc.property(lists, (texts) => {
      expect(passOn(texts).texts).toEqual(texts)
    }),
  )
})

test.each([
  ['nothing but empty ones', ['', '', '']],
  ['of an odd number of characters', ['abc', '123', 'fff']],
  ['one that is no symbol, at the end', ['abc', 'abx']],
  ['one that is no symbol, where all have another', ['abz', 'abz']],
  ['one that is none', ['abc', null, 'abc']],
  ['several bytes long', ['ab', '\u{1F600}', 'é']],
  ['several bytes long, the same in all', ['é1a', 'é2a', 'é3b']],
])('%s', (_, texts) => {
  expect(passOn(texts).texts).toEqual(texts)
})

test('texts of the alphabet take half a byte a character, and nothing where all are alike', () => {
  const random = Array.from({ length: 1000 }, (_, row) =>
    ((row * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0'),
  )
  expect(passOn(random).size).toBeLessThan(4 * 1000 + 300)
  expect(passOn(random, new Alphabet('xyz')).size).toBeGreaterThan(8 * 1000)
  const counted = Array.from(
    { length: 1000 },
    (_, row) => `00112233445566778899aabb${row.toString(16).padStart(8, '0')}`,
  )
  expect(passOn(counted).size).toBeLessThan(2 * 1000 + 300)
})
