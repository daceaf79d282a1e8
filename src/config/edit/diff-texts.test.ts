import { applyPatch } from 'diff'
import { expect, test } from 'vitest'
import { diffTexts, mostEdits } from './diff-texts.ts'
import { mergeLines } from './merge-lines.ts'

const numberLines = (prefix: string, count: number) => Array.from({ length: count }, (_, line) => `${prefix}${line}`)
// The shortest diff of them takes minutes, in which the gateway answers nobody.
const before = `${numberLines('before ', 20_000).join('\n')}\n`
const after = numberLines('after ', 20_000).join('\n')

test('texts of which every line differs hold nobody up', { timeout: 5000 }, () => {
  const { diff, additions, deletions } = diffTexts('config/routes.oas.json', before, after)
  expect([additions, deletions]).toEqual([20_000, 20_000])
  expect(diff).toContain('@@ -1,20000 +1,20000 @@\n-before 0\n')
  expect(diff.endsWith('\n+after 19999\n\\ No newline at end of file\n')).toBe(true)
  expect(applyPatch(before, diff)).toBe(after)
})

test('nor do they where an edit is merged', { timeout: 5000 }, () => {
  expect(mergeLines(before, before, after)).toBe(after)
})

test('fewer lines are told apart', () => {
  const lines = numberLines('line ', 3 * mostEdits)
  const { additions, deletions, diff } = diffTexts('a', lines.join('\n'), lines.with(7, 'other').join('\n'))
  expect([additions, deletions]).toEqual([1, 1])
  expect(diff).toContain('@@ -5,7 +5,7 @@')
})
