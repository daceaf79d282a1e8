import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkImports } from './check-imports.ts'
import { blankNonCode, findImports } from './scan-source.ts'

const sourceDirectory = join(import.meta.dirname, '../../src')

it('every file of src keeps to the import table in rooms.ts', () => {
  expect(checkImports(sourceDirectory).join('\n')).toBe('')
})

describe('the check itself', () => {
  const directories: string[] = []
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
  })

  function check(files: { readonly [path: string]: string }): readonly string[] {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-rooms-'))
    directories.push(directory)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    }
    return checkImports(directory)
  }

  const leaf = {
    'lib/a.ts': 'export const a = 1\n',
    'http/h.ts': '',
    'credentials/c.ts': '',
    'policies/p/policy.ts': '',
  }

  it('finds nothing wrong in a tree that keeps the rules', () => {
    const problems = check({
      ...leaf,
      'lib/b.ts': "import { createHash } from 'node:crypto'\nimport { a } from './a.ts'\n",
      'policies/index.ts': "import { p } from './p/policy.ts'\n",
      'config/env.ts': 'export const env = process.env\n',
      'http/x.ts':
        "// fetch('x') and process.env\nconst text = `fetch(${'process.env'})`\nconst x = { fetch(url: string): void {} }\nx.fetch('y')\n",
      'http/x.test.ts': "import { p } from '../policies/p/policy.ts'\nimport 'node:crypto'\n",
      'storage/sqlite/s.ts': "import { DatabaseSync } from 'node:sqlite'\n",
      'credentials/schemes/shared-api-key.ts': '',
    })
    expect(problems).toEqual([])
  })

  it.each([
    [
      'lib imports upwards',
      'lib/x.ts',
      "import { h } from '../http/h.ts'",
      'lib must not import src/http/h.ts; it may import nothing',
    ],
    [
      'a type import counts',
      'errors/x.ts',
      "import type { H } from '../http/h.ts'",
      'errors must not import src/http/h.ts',
    ],
    ['a re-export counts', 'storage/x.ts', "export * from '../http/h.ts'", 'storage must not import src/http/h.ts'],
    [
      'import() counts',
      'http/x.ts',
      "await import('../policies/p/policy.ts')",
      'http must not import src/policies/p/policy.ts',
    ],
    ['import type() counts', 'lib/x.ts', "let x: import('../http/h.ts').H", 'lib must not import src/http/h.ts'],
    [
      'a policy imports another',
      'policies/q/policy.ts',
      "import '../p/policy.ts'",
      'policies/q must not import src/policies/p/policy.ts',
    ],
    [
      'a handler imports a policy',
      'handlers/q/h.ts',
      "import '../../policies/p/policy.ts'",
      'handlers must not import',
    ],
    [
      'the two OAuth roles meet',
      'oauth/authorization-server/x.ts',
      "import '../../credentials/c.ts'",
      'never import each other',
    ],
    ['a folder that is no room', 'stuff/x.ts', "import '../lib/a.ts'", '"stuff" is not a room'],
    [
      'node:crypto outside its rooms',
      'http/x.ts',
      "import { hash } from 'node:crypto'",
      'node:crypto may be imported only in lib/',
    ],
    ['node:sqlite outside its adapter', 'storage/x.ts', "import 'node:sqlite'", 'only in storage/sqlite/'],
    ['the SDK on the request path', 'mcp/x.ts', "import { C } from '@modelcontextprotocol/client'", 'docs/adr/0004'],
    ['global fetch', 'http/x.ts', "await fetch('x')", 'the global fetch is forbidden'],
    ['global fetch by name', 'http/x.ts', 'const get = globalThis.fetch', 'the global fetch is forbidden'],
    ['process.env', 'http/x.ts', 'const key = process.env.KEY', 'process.env is allowed only in config/'],
    ['process.env taken apart', 'http/x.ts', 'const { env } = process', 'process.env is allowed only in config/'],
    ['a path without extension', 'http/x.ts', "import { a } from '../lib/a'", 'Write the path with its .ts extension'],
    ['a file named utils', 'http/utils.ts', '', '"utils" says nothing'],
    ['a file that ends in helpers', 'http/header-helpers.ts', '', '"header-helpers" says nothing'],
    ['a folder named shared', 'http/shared/x.ts', '', '"shared" says nothing'],
  ])('%s', (_, path, text, message) => {
    const problems = check({ ...leaf, [path]: `\n${text}\n` })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
    expect(problems[0]).toMatch(new RegExp(`^src/${path}:[12]: `))
  })

  it('names the files of a circle, also when it is made of types', () => {
    const problems = check({
      'lib/a.ts': "import { b } from './b.ts'\n",
      'lib/b.ts': "import type { C } from './c.ts'\n",
      'lib/c.ts': "export { a } from './a.ts'\n",
    })
    expect(problems).toEqual([expect.stringContaining('src/lib/a.ts → src/lib/b.ts → src/lib/c.ts → src/lib/a.ts')])
  })

  it('lets nothing import a test', () => {
    const problems = check({ ...leaf, 'lib/a.test.ts': '', 'lib/x.ts': "import './a.test.ts'\n" })
    expect(problems).toEqual([expect.stringContaining('imports the test src/lib/a.test.ts')])
  })
})

describe('the scanner', () => {
  it('reads imports over several lines and passes by comments, strings, templates and regular expressions', () => {
    const text = [
      "import a, {\n  type B,\n  c as d,\n} from './one.ts'",
      "// import './no.ts'",
      '/* import \'./no.ts\' */ import * as e from "./two.ts"',
      "const s = \"import './no.ts'\", t = `import './no.ts' ${`${1}` + '}'} import './no.ts'`",
      "const r = /import '.\\/no.ts'[/']/.test(s), q = 4 / 2 / 1",
      "export { f } from './three.ts'",
      "void import('./four.ts')",
    ].join('\n')
    expect(findImports(text)).toEqual([
      { specifier: './one.ts', line: 1 },
      { specifier: './two.ts', line: 6 },
      { specifier: './three.ts', line: 9 },
      { specifier: './four.ts', line: 10 },
    ])
  })

  it('keeps every offset', () => {
    const text = "const a = 'x\\'y' // z\nconst b = `p${ { c: 'd' }.c }q`\n"
    expect(blankNonCode(text)).toBe("const a = '    '     \nconst b = ` ${ { c: ' ' }.c } `\n")
  })
})
