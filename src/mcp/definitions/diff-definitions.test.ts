import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffDefinitions } from './diff-definitions.ts'
import { hashDefinition } from './hash-definition.ts'

describe('diffDefinitions', () => {
  it.each([
    [
      'a text, from a little before the change on',
      { d: 'Searches the issues of a project.' },
      { d: 'Searches the issues of a team.' },
      'd: "…hes the issues of a project." → "…hes the issues of a team."',
    ],
    ['what is added', {}, { a: { b: 1 } }, 'a added {"b":1}'],
    ['what is removed', { a: 1 }, {}, 'a removed'],
    ['a member inside', { a: { b: true } }, { a: { b: false } }, 'a.b: true → false'],
    ['a list', { a: [1] }, { a: [1, 2] }, 'a: [1] → [1,2]'],
    ['another type', { a: '1' }, { a: 1 }, 'a: "1" → 1'],
    ['hidden characters as escapes', { a: 'x' }, { a: 'x\u200B' }, 'a: "x" → "x\\u200b"'],
    ['nothing', { a: 1 }, { a: 1 }, ''],
  ])('shows %s', (_, before, after, shown) => {
    expect(diffDefinitions(before, after)).toBe(shown)
  })

  it('ends somewhere', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`m${index}`, 'x'.repeat(500)]))
    const text = diffDefinitions({}, many)
    expect(text.length).toBeLessThanOrEqual(1000)
    expect(text).toContain('m0 added')
    const some = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`m${index}`, 1]))
    expect(diffDefinitions({}, some)).toMatch(/; 2 more$/)
  })

  it('shows something for every two definitions with different hashes', () => {
    const definition = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)))
    fc.assert(
      fc.property(definition, definition, (before, after) => {
        const isSame = hashDefinition('prompts', before) === hashDefinition('prompts', after)
        expect(diffDefinitions(before, after) === '').toBe(isSame)
      }),
    )
  })
})
