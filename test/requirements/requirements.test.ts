import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findProblems, type Requirement, requirementsFile } from './check-requirements.ts'
import { findTestTitles, hasTest, leavesTestsOut } from './find-test-titles.ts'

const root = join(import.meta.dirname, '../..')
const readSource = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)

/** The ids `prefix-1` to `prefix-n`; numbers in between are not used. */
const number = (prefix: string, ...numbers: readonly number[]) => numbers.map((each) => `${prefix}-${each}`)

/** What the gateway has to hold as authorization server (AS), as resource server (RS), and as OAuth client (CL). */
const files = {
  'authorization.yaml': [
    ...number('AS', 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26),
    ...number('AS', 30, 31, 32, 33, 34, 35, 40, 41, 42, 43, 44, 45, 46, 47, 60, 61),
    ...number('RS', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20),
  ],
  'upstream-authorization.yaml': number('CL', 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 27, 28),
}

test.each(Object.entries(files))(
  'every requirement of %s is shown by tests that exist, or is a named gap',
  (file, groups) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    const { requirements } = requirementsFile.parse(parse(text))
    expect(findProblems(requirements, groups, readSource)).toEqual([])
  },
)

describe('the check finds', () => {
  const source = "test('it holds', () => {})"
  const sources = new Map([
    ['a.test.ts', source],
    ['skips.test.ts', `describe.skip('later', () => { ${source} })`],
  ])
  const read = (path: string) => sources.get(path)
  const shown = { 'a.test.ts': ['it holds'] }
  const gap = { reason: 'r', notBuilt: 'n', missing: 'm', shownBy: { 'a.test.ts': ['it will hold'] } }
  const sound: Requirement = { id: 'AS-1.1', level: 'MUST', spec: 'RFC 1 §1', says: 'It holds.', shown }
  const problemsOf = (...requirements: Requirement[]) => findProblems(requirements, ['AS-1'], read)

  test('nothing where all is well', () => {
    expect(problemsOf(sound, { ...sound, id: 'AS-1.2', shown: undefined, gap })).toEqual([])
  })

  test.each<[string, Requirement[], RegExp]>([
    ['a MUST without tests', [{ ...sound, shown: undefined }], /neither/],
    ['a file that does not exist', [{ ...sound, shown: { 'b.test.ts': ['it holds'] } }], /b\.test\.ts, which/],
    ['a test that does not exist', [{ ...sound, shown: { 'a.test.ts': ['it held'] } }], /"it held"/],
    [
      'a file with tests that are left out',
      [{ ...sound, shown: { 'skips.test.ts': ['it holds'] } }],
      /leaves tests out/,
    ],
    ['a missing id', [], /AS-1 is missing/],
    ['an unknown id', [sound, { ...sound, id: 'RS-9.1' }], /RS-9 is not known/],
    ['an id twice', [sound, sound], /twice/],
    ['a gap that was closed', [{ ...sound, shown: undefined, gap: { ...gap, shownBy: shown } }], /no gap any more/],
    ['a gap in what is built', [{ ...sound, shown: undefined, gap: { ...gap, notBuilt: undefined } }], /show it/],
    ['both at once', [{ ...sound, gap }], /at once/],
  ])('%s', (_, requirements, problem) => {
    expect(problemsOf(...requirements).join('\n')).toMatch(problem)
  })
})

describe('names of tests', () => {
  const source = `
    it.each([['a', 1], ["b", 2]])('%s is refused', async (name) => {})
    test("it's there", () => {})
    test.each(attacks)('$name', async ({ attempt }) => {})
    const attacks = [{ name: 'token reuse' }, ...trick.map((each) => ({ name: \`a redirect that is \${each}\` }))]
    const trick = ['script']
  `

  test('are found as they are written', () => {
    expect(findTestTitles(source)).toEqual(['%s is refused', "it's there", '$name'])
  })

  test.each(['%s is refused', 'a is refused', "it's there", 'token reuse', 'a redirect that is script'])(
    '%s exists',
    (name) => {
      expect(hasTest(source, name)).toBe(true)
    },
  )

  test.each([
    "test.skip('a', () => {})",
    "it.skip.each([1])('a', () => {})",
    "describe.skipIf(true)('a', () => {})",
    "it.runIf(false)('a', () => {})",
    "test.fails('a', () => {})",
    "it.only('another', () => {})",
    "xit('a', () => {})",
    "it('a', ({ skip }) => skip())",
    "it('a', (context) => context.skip())",
  ])('%s leaves tests out', (text) => {
    expect(leavesTestsOut(text)).toBe(true)
  })

  test.each([source, "// it.skip('a', () => {})", "it('skips what is empty', () => parse({ skip: true }))"])(
    '%s leaves none out',
    (text) => {
      expect(leavesTestsOut(text)).toBe(false)
    },
  )

  test.each(["// it('is gone', () => {})", "  /* it('is gone', () => {}) */"])('%s is no test', (text) => {
    expect(hasTest(text, 'is gone')).toBe(false)
  })

  test.each(['c is refused', 'its there', 'token replay', 'a redirect that is gone', 'token'])(
    '%s does not exist',
    (name) => {
      expect(hasTest(source, name)).toBe(false)
    },
  )
})
