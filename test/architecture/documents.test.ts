import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const documents = globSync('**/*.md', {
  cwd: root,
  exclude: ['**/node_modules/**', 'dist/**', 'templates/**', 'bench/results/**'],
})

/** Files and folders that a document names and that do not exist: targets of relative links, and paths of the repository in code. */
function findMissing(document: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, target = '']) =>
    join(dirname(document), target),
  )
  const paths = [...text.matchAll(/`((?:src|test|docs|bench|examples|bin)\/[\w./-]+)`/g)].map(([, path = '']) => path)
  return [...links, ...paths].filter((path) => !existsSync(join(root, path)))
}

/** Headings that a document links to and that do not exist in the file it names. */
function findMissingHeadings(document: string, text: string): string[] {
  return [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]*)#([^)\s]+)\)/g)]
    .filter(([, target = '', heading = '']) => {
      const file = target === '' ? document : join(dirname(document), target)
      return existsSync(join(root, file)) && !headingsOf(file).has(heading)
    })
    .map(([link]) => link)
}

function headingsOf(file: string): ReadonlySet<string> {
  const headings = readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.+)$/gm)
  return new Set([...headings].map(([, heading = '']) => toAnchor(heading)))
}

/** As code hosts make them. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

test.each(documents)('%s names only what exists', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  expect(findMissing(document, text)).toEqual([])
  expect(findMissingHeadings(document, text)).toEqual([])
})

test('a wrong link, path or heading is found', () => {
  const text = 'See [a](docs/none.md), `src/none.ts`, [b](README.md#nowhere), [c](README.md#try-it), `src/gateway.ts`.'
  expect(findMissing('README.md', text)).toEqual(['docs/none.md', 'src/none.ts'])
  expect(findMissingHeadings('README.md', text)).toEqual(['](README.md#nowhere)'])
})
