import { expect, it } from 'vitest'
import { isDepthWithin, isNestingWithin } from './check-arguments.ts'

const nest = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

it.each([
  [nest(10), 10, true],
  [nest(11), 10, false],
  [`{"a":${nest(10)}}`, 10, false],
  [`[${'[],'.repeat(50)}[]]`, 2, true],
  [`["${'['.repeat(50)}"]`, 1, true],
  [`["\\"${'['.repeat(50)}"]`, 1, true],
  [`["\\\\",${nest(5)}]`, 5, false],
])('%s within %i: %s', (text, limit, expected) => {
  expect(isNestingWithin(Buffer.from(text), limit)).toBe(expected)
})

it('counts the levels of a value', () => {
  expect(isDepthWithin(JSON.parse(nest(5)), 5)).toBe(true)
  expect(isDepthWithin(JSON.parse(nest(6)), 5)).toBe(false)
})
