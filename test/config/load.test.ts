import { rm } from 'node:fs/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileProject } from '../../src/config/compile-project.ts'
import { loadProject } from '../../src/config/load-project.ts'
import { parseJsonc } from '../../src/config/parse-jsonc.ts'
import { parseYaml } from '../../src/config/parse-yaml.ts'
import { newSourceDocument } from '../../src/config/source-document.ts'
import {
  compile,
  handlerTypes,
  openApi,
  operation,
  policy,
  policyTypes,
  writeProject,
  writeProjectFile,
} from './write-project.ts'

const files = ['sallyport.jsonc', 'config/policies.json', 'config/a.oas.json', 'config/b.oas.yaml', '.env']

/** Text that is nearly a project file, so that more than the first character is looked at. */
const nearlyJson = fc
  .tuple(
    fc.constantFrom(JSON.stringify(openApi({ '/a': { post: operation('a', ['b']) } })), '{"policies":[{"name":"b"}]}'),
    fc.nat(),
    fc.string(),
  )
  .map(
    ([text, index, noise]) =>
      text.slice(0, index % text.length) + noise + text.slice((index % text.length) + noise.length),
  )

const hostileValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.constantFrom('policies', 'paths', 'constructor', '__proto__', '/a', 'post', 'name'), fc.string()),
      tie('value'),
    ),
  ),
})).value

describe('loading', () => {
  it('never throws, whatever bytes the files hold', async () => {
    const directory = await writeProject({})
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      nearlyJson,
      hostileValue.map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), content, async (file, bytes) => {
        await writeProjectFile(directory, file, typeof bytes === 'string' ? bytes : Buffer.from(bytes))
        const sources = await loadProject(directory, {})
        const result = compileProject(sources, { policyTypes, handlerTypes, mode: 'dev' })
        for (const problem of 'problems' in result ? result.problems : result.project.warnings) {
          expect(problem.line).toBeGreaterThan(0)
          expect(problem.column).toBeGreaterThan(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('survives deep nesting, alias bombs and bytes that are no text', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(9)}]`),
    ]
    const directory = await writeProject({
      'sallyport.jsonc': '['.repeat(100_000),
      'config/a.oas.yaml': bomb.join('\n'),
      'config/b.oas.yaml': '['.repeat(50_000),
      'config/policies.json': Buffer.from([0xff, 0xfe, 0x00]),
    })
    const { problems } = await loadProject(directory, {})
    expect(problems.map((problem) => problem.file)).toEqual(
      expect.arrayContaining(['sallyport.jsonc', 'config/a.oas.yaml', 'config/b.oas.yaml', 'config/policies.json']),
    )
  })

  it('names a directory that is not there', async () => {
    const directory = await writeProject({})
    await rm(directory, { recursive: true })
    const { problems } = await loadProject(directory, {})
    expect(problems).toEqual([expect.objectContaining({ file: directory, message: 'this is not a directory' })])
  })

  it('reads several OpenAPI files in alphabetical order, of each format', async () => {
    const directory = await writeProject({
      'sallyport.jsonc': '\uFEFF{ /* comment */ "version": 1, }',
      'config/policies.jsonc': { policies: [policy('sign-in', 'sign-in')] },
      'config/c.oas.json': openApi({ '/c': { post: operation('c', ['sign-in']) } }),
      'config/a.oas.jsonc': openApi({ '/a': { post: operation('a', ['sign-in']) } }),
      'config/b.oas.yaml': `openapi: 3.1.0
paths:
  /b:
    post:
      operationId: b
      x-gateway-route:
        handler: { module: $import(sallyport), export: McpProxyHandler, options: { rewritePattern: 'https://b.example' } }
        policies: { inbound: [sign-in] }
`,
      'config/notes.json': 'not a project file',
    })
    const result = await compile(directory)
    expect('project' in result && result.project.routes.map((route) => route.path)).toEqual(['/a', '/b', '/c'])
  })

  it('takes its time: a small project loads and compiles in a few milliseconds', async () => {
    const directory = await writeProject({
      'sallyport.jsonc': '{ "version": 1 }',
      'config/policies.json': { policies: [policy('sign-in', 'sign-in')] },
      'config/a.oas.json': openApi(
        Object.fromEntries(
          Array.from({ length: 20 }, (_, index) => [`/a/${index}`, { post: operation(`a${index}`, ['sign-in']) }]),
        ),
      ),
    })
    await compile(directory)
    const samples: number[] = []
    for (let index = 0; index < 5; index++) {
      const start = performance.now()
      await compile(directory)
      samples.push(performance.now() - start)
    }
    expect(Math.min(...samples)).toBeLessThan(30)
  })
})

describe('positions', () => {
  const json = '{\n  // comment\n  "paths": { "/a": [1, { "b": true }] }\n}'
  const yaml = '# comment\npaths:\n  /a:\n    - 1\n    - b: true\n'
  const open = (file: string, text: string) =>
    newSourceDocument(file, text, file === 'y' ? parseYaml(text) : parseJsonc(text))

  it.each([
    ['j', ['paths'], 'key', 3, 3],
    ['j', ['paths'], 'value', 3, 12],
    ['j', ['paths', '/a', 1, 'b'], 'key', 3, 26],
    ['j', ['paths', '/a', 1, 'b'], 'value', 3, 31],
    ['j', ['paths', '/a', 1, 'missing', 'deeper'], 'key', 3, 24],
    ['j', ['missing'], 'value', 1, 1],
    ['y', ['paths'], 'key', 2, 1],
    ['y', ['paths', '/a'], 'key', 3, 3],
    ['y', ['paths', '/a', 0], 'value', 4, 7],
    ['y', ['paths', '/a', 1, 'b'], 'key', 5, 7],
    ['y', ['paths', '/a', 1, 'b'], 'value', 5, 10],
    ['y', ['paths', '/a', 1, 'missing'], 'value', 5, 7],
  ] as const)('%s %j %s is at %i:%i', (file, path, of, line, column) => {
    expect(open(file, file === 'y' ? yaml : json).locate(path, of)).toEqual({ file, line, column })
  })
})
