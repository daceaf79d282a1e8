import { expect, it } from 'vitest'
import { readDiff } from './read-diff.ts'

const diff = `--- config/policies.json
+++ config/policies.json
@@ -2,3 +2,4 @@
 {
-  "a": 1
+  "a": 2,
+  "b": 3
 }
@@ -20 +21 @@
--- not a header
+++ nor this
\\ No newline at end of file
`

it('numbers the lines on both sides, and marks what is left out', () => {
  expect(readDiff(diff).map(({ kind, text, before, after }) => [kind, text, before, after])).toEqual([
    ['gap', '', undefined, undefined],
    ['same', '{', 2, 2],
    ['removed', '  "a": 1', 3, undefined],
    ['added', '  "a": 2,', undefined, 3],
    ['added', '  "b": 3', undefined, 4],
    ['same', '}', 4, 5],
    ['gap', '', undefined, undefined],
    ['removed', '-- not a header', 20, undefined],
    ['added', '++ nor this', undefined, 21],
  ])
})

it('has no lines where nothing differs', () => expect(readDiff('')).toEqual([]))
