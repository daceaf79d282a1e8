import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { reasons } from '../../src/errors/reasons.ts'

const root = join(import.meta.dirname, '../..')

/** Declared ahead of the code that will use them; an entry leaves this list with the change that uses it. */
const reasonsOfLaterChanges = [
  // Requests of an upstream to the client: elicitation, sampling, roots.
  'message_capability_missing',
]

function readSources(): string {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== join('errors', 'reasons.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
    .join('\n')
}

it('every reason code is used, or waits in the list of later changes', () => {
  const used = new Set([...readSources().matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map((match) => match[1] ?? ''))
  const unused = Object.keys(reasons).filter((code) => !used.has(code))
  const advice =
    'Refuse with the reason somewhere in src, delete it if it was never released, or note in reasonsOfLaterChanges what will use it'
  expect(unused.toSorted(), advice).toEqual(reasonsOfLaterChanges.toSorted())
})

it('no two failures of connections and credentials are told in the same words, or remedied alike', () => {
  const own = Object.entries(reasons).filter(([code]) => /^(connection|credential)_/.test(code))
  expect(new Set(own.map(([, { message }]) => message)).size).toBe(own.length)
  expect(new Set(own.map(([, { remedy }]) => remedy)).size).toBe(own.length)
})

it.runIf(existsSync(join(root, 'docs/reference/reasons.md')))('every reason code is in the reference', () => {
  const reference = readFileSync(join(root, 'docs/reference/reasons.md'), 'utf8')
  expect(Object.keys(reasons).filter((code) => !reference.includes(code))).toEqual([])
})

it('every runtime dependency says in docs/adr/dependencies.md why it is there', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
  const lines = readFileSync(join(root, 'docs/adr/dependencies.md'), 'utf8').split('\n')
  const documented = lines
    .map((line) => /^\| `([^`]+)` \|(?:[^|]+\|){3}$/.exec(line)?.[1])
    .filter((name) => name !== undefined)
  expect(documented).toEqual(Object.keys(dependencies))
})
