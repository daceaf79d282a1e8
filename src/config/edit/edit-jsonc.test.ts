import * as fc from 'fast-check'
import { createScanner, findNodeAtLocation, type Node, type ParseError, parse, parseTree } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { insertInJsonc, removeFromJsonc, setInJsonc } from './edit-jsonc.ts'

const commented = `{
  // the name
  "name": "x", // of the thing
  "list": [
    "a", // first
    /* second */ "b" // last, no comma
  ],
  "trailing": { "one": 1, },
  "empty": {},
  "short": [1, 2]
}
`

describe('an edit of a commented file', () => {
  it('adds a member behind the last one and the comment about it', () => {
    const text = '{\n  "a": 1 // about a\n}\n'
    expect(setInJsonc(text, ['b'], { c: [true] })).toBe(
      '{\n  "a": 1, // about a\n  "b": {\n    "c": [\n      true\n    ]\n  }\n}\n',
    )
  })

  it('keeps a trailing comma where there was one', () => {
    expect(setInJsonc('{\n  "a": 1, // x\n}', ['b'], 2)).toBe('{\n  "a": 1, // x\n  "b": 2,\n}')
  })

  it.each([
    [
      'an entry at the end',
      insertInJsonc(commented, ['list'], undefined, 'c'),
      '"b", // last, no comma\n    "c"\n  ],',
    ],
    ['an entry at the start', insertInJsonc(commented, ['list'], 0, 'c'), '"list": [\n    "c",\n    "a", // first'],
    ['an entry between', insertInJsonc(commented, ['list'], 1, 'c'), '"a", // first\n    "c",\n    /* second */ "b"'],
    ['an entry of a list on one line', insertInJsonc(commented, ['short'], 2, 3), '"short": [1, 2, 3]'],
    ['a member of an empty object', setInJsonc(commented, ['empty', 'x'], 1), '"empty": {\n    "x": 1\n  },'],
    ['a value in place', setInJsonc(commented, ['name'], 'y'), '"name": "y", // of the thing'],
    ['objects that lead there', setInJsonc(commented, ['empty', 'x', 'y'], 1), '"x": {\n      "y": 1\n    }\n  }'],
  ])('%s', (_what, text, expected) => expect(text).toContain(expected))

  it.each([
    ['a member', removeFromJsonc(commented, ['empty']), '"trailing": { "one": 1, },\n  "short"'],
    ['the last entry', removeFromJsonc(commented, ['short', 1]), '"short": [1]'],
    ['the first entry', removeFromJsonc(commented, ['short', 0]), '"short": [2]'],
    ['the last member', removeFromJsonc(commented, ['short']), '"empty": {}\n}'],
  ])('removes %s', (_what, text, expected) => expect(text).toContain(expected))

  it('writes the line breaks and the indentation of the file', () => {
    expect(setInJsonc('{\r\n\t"a": 1\r\n}', ['b'], { c: 1 })).toBe(
      '{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 1\r\n\t}\r\n}',
    )
  })

  it.each([
    ['a list that is none', () => insertInJsonc(commented, ['name'], undefined, 1)],
    ['an index behind the end', () => insertInJsonc(commented, ['list'], 3, 1)],
    ['a member of a text', () => setInJsonc(commented, ['name', 'x'], 1)],
    ['what is not there', () => removeFromJsonc(commented, ['nothing'])],
    ['a broken file', () => setInJsonc('{ "a": ', ['a'], 1)],
  ])('refuses %s', (_what, edit) => expect(edit).toThrow('These edits cannot be made'))
})

/** JSON with comments, blank lines and trailing commas wherever they may be. */
interface Layout {
  readonly eol: string
  readonly unit: string
  readonly comments: readonly string[]
  readonly trailing: boolean
}

function write(value: unknown, layout: Layout, next: () => number, depth = 0): string {
  const { eol, unit, comments, trailing } = layout
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  const [open, close] = isList ? '[]' : '{}'
  if (entries.length === 0 || next() % 4 === 0)
    return `${open}${entries.map(([key, each]) => `${isList ? '' : `${JSON.stringify(key)}: `}${JSON.stringify(each)}`).join(', ')}${close}`
  const indent = unit.repeat(depth + 1)
  const comment = () => comments[next() % comments.length] ?? ''
  const lines = entries.map(([key, each], index) => {
    const isLast = index === entries.length - 1
    const above = next() % 3 === 0 ? `${indent}// ${comment()}${eol}` : ''
    const behind = next() % 3 === 0 ? ` /* ${comment()} */` : next() % 3 === 0 ? ` // ${comment()}` : ''
    const text = `${isList ? '' : `${JSON.stringify(key)}: `}${write(each, layout, next, depth + 1)}`
    return `${above}${indent}${text}${isLast && !trailing ? '' : ','}${behind}`
  })
  return `${open}${eol}${lines.join(eol)}${eol}${unit.repeat(depth)}${close}`
}

function commentsOf(text: string): string[] {
  const scanner = createScanner(text, false)
  const found: string[] = []
  for (let kind: number = scanner.scan(); kind !== 17; kind = scanner.scan())
    if (kind === 12 || kind === 13) found.push(scanner.getTokenValue().trim())
  return found
}

function read(text: string): unknown {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  expect(errors, text).toEqual([])
  return value
}

describe('any edit of any commented file', () => {
  const key = fc.stringMatching(/^[a-z]{1,4}$/)
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.constantFrom(1, 'text', true, null), tie('object'), tie('list')),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    list: fc.array(tie('value'), { maxLength: 4 }),
  })).object
  const layout = fc.record({
    eol: fc.constantFrom('\n', '\r\n'),
    unit: fc.constantFrom('  ', '\t', '    '),
    comments: fc.array(fc.stringMatching(/^[a-z ,:{}"[\]]{1,12}$/), { minLength: 1, maxLength: 5 }),
    trailing: fc.boolean(),
  })
  const choices = fc.array(fc.nat(1000), { minLength: 64, maxLength: 64 })

  it('changes that place alone, and keeps every comment and every other byte', () => {
    fc.assert(
      fc.property(
        json,
        layout,
        choices,
        fc.constantFrom('set', 'add', 'insert', 'remove'),
        (value, shape, picks, kind) => {
          let pick = 0
          const next = () => picks[pick++ % picks.length] ?? 0
          const text = write(value, shape, next)
          const places = listPlaces(value).filter((path) => path.length > 0 || kind !== 'remove')
          const chosen = places[next() % Math.max(places.length, 1)]
          if (chosen === undefined) return
          const edited = applyTo(text, value, kind, chosen, next)
          if (edited === undefined) return
          expect(read(edited.text), `${kind} ${chosen.join('/')} in\n${text}\n→\n${edited.text}`).toEqual(
            edited.expected,
          )
          const inside = commentsOf(edited.removed)
          const kept = commentsOf(edited.text)
          const message = `${kind} ${chosen.join('/')} in\n${text}\n→\n${edited.text}`
          for (const comment of commentsOf(text)) {
            const at = inside.indexOf(comment)
            if (at === -1) expect(kept, message).toContain(comment)
            else inside.splice(at, 1)
          }
          const changed = changedBytes(strip(text), strip(edited.text))
          expect(changed.removed, message).toBeLessThanOrEqual(strip(edited.removed).length)
          expect(changed.added, message).toBeLessThanOrEqual(strip(edited.added).length)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function listPlaces(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [path, ...entries.flatMap(([key, each]) => listPlaces(each, [...path, key]))]
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((each, segment) => (each as { [key: string | number]: unknown })[segment], value)
}

function applyTo(text: string, value: unknown, kind: string, path: (string | number)[], next: () => number) {
  const expected = structuredClone(value) as { [key: string]: unknown }
  const target = at(expected, path)
  const parent = at(expected, path.slice(0, -1)) as { [key: string | number]: unknown }
  const last = path.at(-1) ?? ''
  const added = { new: [1, { two: 'three' }] }
  const content = JSON.stringify(added)
  if (kind === 'set' && path.length > 0) {
    parent[last] = added
    return { text: setInJsonc(text, path, added), expected, removed: sourceOf(text, path, false), added: content }
  }
  if (kind === 'add' && typeof target === 'object' && target !== null && !Array.isArray(target)) {
    ;(target as { [key: string]: unknown })['added'] = added
    return { text: setInJsonc(text, [...path, 'added'], added), expected, removed: '', added: `"added":${content}` }
  }
  if (kind === 'insert' && Array.isArray(target)) {
    const index = next() % (target.length + 1)
    target.splice(index, 0, added)
    return { text: insertInJsonc(text, path, index, added), expected, removed: '', added: content }
  }
  if (kind === 'remove') {
    if (Array.isArray(parent)) parent.splice(Number(last), 1)
    else delete parent[last]
    return { text: removeFromJsonc(text, path), expected, removed: sourceOf(text, path, true), added: '' }
  }
  return undefined
}

/** The text of the value or member at a place. */
function sourceOf(text: string, path: (string | number)[], withName: boolean): string {
  const node = findNodeAtLocation(parseTree(text, [], { allowTrailingComma: true }) as Node, path)
  const found = withName && node?.parent?.type === 'property' ? node.parent : node
  return text.slice(found?.offset, (found?.offset ?? 0) + (found?.length ?? 0))
}

/** Blanks and commas may come and go beside what is edited. */
function strip(text: string): string {
  return text.replaceAll(/[\s,]/g, '')
}

function changedBytes(before: string, after: string): { removed: number; added: number } {
  const shortest = Math.min(before.length, after.length)
  let start = 0
  while (start < shortest && before[start] === after[start]) start++
  let end = 0
  while (end < shortest - start && before.at(-1 - end) === after.at(-1 - end)) end++
  return { removed: before.length - start - end, added: after.length - start - end }
}
