import * as fc from 'fast-check'
import { parse } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { handlerTypes } from '../../handlers/index.ts'
import { policyTypes } from '../../policies/index.ts'
import type { CatalogAuth } from '../catalog-entry.ts'
import { compileProject } from '../compile-project.ts'
import { parseProject } from '../load-project.ts'
import { type ConfigEdit, editTexts } from './config-edit.ts'
import { diffTexts } from './diff-texts.ts'
import { planRemoval, planSwitch } from './plan-change.ts'
import { planVirtualServer } from './plan-virtual-server.ts'
import { upstreamModes } from './upstream-modes.ts'
import type { UpstreamAnswers, UpstreamOffer } from './upstream-policy.ts'

const policies = `{
  // People.
  "policies": [
    { "name": "people", "policyType": "mcp-oauth-inbound", // signs in
      "handler": { "module": "$import(sallyport)", "export": "McpOAuthInboundPolicy",
                   "options": { "browserLogin": { "url": "/oauth/dev-login" } } } }, /* the last */
  ],
}
`
const routes = `{
    "openapi": "3.1.0", "info": { "title": "R", "version": "1" }, // head
    /* routes */
    "paths": {
        // nothing yet
    }
}
`
const yaml = `# of the team
openapi: 3.1.0
info: {title: R,   version: "1"}

paths:
    # the first one
    "/mcp/a":   # here
        "get,post":
            operationId: a
            summary: 'A'
            x-gateway-route:
                handler: {module: "$import(sallyport)", export: McpProxyHandler, options: {rewritePattern: "https://a.example/mcp"}}
                policies: {inbound: [people]}   # everybody
`

async function open(texts: ReadonlyMap<string, string>) {
  const files = new Map([...texts].map(([file, text]) => [file, Buffer.from(text)]))
  const sources = await parseProject('/p', files, [], {})
  const compiled = compileProject(sources, { policyTypes, handlerTypes, mode: 'dev' })
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return { sources, project: compiled.project, policyTypes }
}

async function apply(texts: ReadonlyMap<string, string>, edits: readonly ConfigEdit[]): Promise<Map<string, string>> {
  const edited = await editTexts(texts, edits)
  return new Map([...texts, ...edited].filter((entry): entry is [string, string] => entry[1] !== null))
}

const commentsIn = (text: string) => text.match(/\/\/[^\n]*|\/\*.*?\*\//g) ?? []
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

describe('any plan of the wizard', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}(-[a-z0-9]{1,5})?$/)
  const chosen = fc.option(fc.array(fc.stringMatching(/^[a-z_"\\/]{1,8}$/), { maxLength: 3 }), { nil: undefined })
  const title = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '')
  const mode = fc.constantFrom(...upstreamModes)

  it('keeps every comment and line of a commented project, compiles, and is taken back', async () => {
    const wanted = fc.record({ name, mode, title, tools: chosen, resources: chosen })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(wanted, { minLength: 1, maxLength: 4, selector: (each) => each.name }),
        async (all) => {
          let texts: ReadonlyMap<string, string> = new Map([
            ['sallyport.jsonc', '{ "version": 1 }'],
            ['config/routes.oas.json', routes],
            ['config/policies.json', policies],
          ])
          for (const each of all) {
            const kind = each.mode === 'none' ? 'none' : each.mode.endsWith('oauth') ? 'oauth' : 'api-key'
            const auth: { readonly [Kind in CatalogAuth['kind']]: CatalogAuth } = {
              none: { kind: 'none' },
              oauth: { kind: 'oauth', registration: 'dcr', scopes: [], setUp: [] },
              'api-key': { kind: 'api-key', header: 'x-key', scheme: '' },
            }
            const offer: UpstreamOffer = {
              name: each.title,
              summary: '',
              url: 'https://up.example/mcp',
              auth: [auth[kind]],
            }
            const answers: UpstreamAnswers = {
              mode: each.mode,
              name: each.name,
              clientIdEnv: 'A',
              clientSecretEnv: 'B',
            }
            const { tools, resources } = each
            const plan = planVirtualServer({ offer, answers, capabilities: { tools, resources } }, await open(texts))
            const before = texts
            texts = await apply(texts, plan.edits)
            for (const [file, text] of before) {
              const after = texts.get(file) ?? ''
              const rest = commentsIn(after)
              for (const comment of commentsIn(text)) expect(rest).toContain(comment)
              const lines = linesOf(after).map((line) => line.replace(/,$/, ''))
              for (const line of linesOf(text)) expect(lines, `${file}:\n${after}`).toContain(line.replace(/,$/, ''))
            }
            const { project } = await open(texts)
            expect(project.routes.at(-1)).toMatchObject({ operationId: each.name, title: each.title })
            const off = await apply(texts, planSwitch((await open(texts)).sources, each.name, false))
            expect((await open(off)).project.routes).toHaveLength(project.routes.length - 1)
            expect(await apply(off, planSwitch((await open(off)).sources, each.name, true))).toEqual(texts)
          }
          for (const each of all) texts = await apply(texts, planRemoval((await open(texts)).sources, each.name))
          expect(parse(texts.get('config/policies.json') ?? '')).toEqual(parse(policies))
          expect(parse(texts.get('config/routes.oas.json') ?? '')).toEqual(parse(routes))
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)
})

it('a name that would stand for others is not chosen, except in a template, which is spelled so', async () => {
  const texts = new Map([
    ['sallyport.jsonc', '{ "version": 1 }'],
    ['config/routes.oas.json', routes],
    ['config/policies.json', policies],
  ])
  const from = await open(texts)
  const offer: UpstreamOffer = { name: 'A', summary: '', url: 'https://up.example/mcp', auth: [{ kind: 'none' }] }
  const answers: UpstreamAnswers = { mode: 'none', name: 'a', clientIdEnv: 'A', clientSecretEnv: 'B' }
  const plan = (capabilities: object) => planVirtualServer({ offer, answers, capabilities }, from)
  expect(() => plan({ tools: ['read*'] })).toThrow('would stand for other tools')
  expect(JSON.stringify(plan({ resourceTemplates: ['file:///{path*}'] }).edits)).toContain('{path*}')
})

describe('YAML', () => {
  const texts = new Map([
    ['sallyport.jsonc', '{ "version": 1 }'],
    ['config/routes.oas.yaml', yaml],
    ['config/policies.json', policies],
  ])

  it('keeps every line that an edit is not about', async () => {
    const { sources } = await open(texts)
    const off = (await apply(texts, planSwitch(sources, 'a', false))).get('config/routes.oas.yaml') ?? ''
    const added = linesOf(off).filter((line) => !linesOf(yaml).includes(line))
    expect(added).toEqual(['enabled: false'])
    expect(linesOf(yaml).filter((line) => !linesOf(off).includes(line))).toEqual([])
  })

  it('is edited deep inside of it', async () => {
    const path = ['paths', '/mcp/a', 'get,post', 'x-gateway-route', 'policies', 'inbound']
    const edits: ConfigEdit[] = [
      { kind: 'insert', file: 'config/routes.oas.yaml', path, index: 0, value: 'first' },
      { kind: 'set', file: 'config/routes.oas.yaml', path: ['info', 'title'], value: 'T' },
      { kind: 'remove', file: 'config/routes.oas.yaml', path: ['paths', '/mcp/a', 'get,post', 'summary'] },
    ]
    const text = (await apply(texts, edits)).get('config/routes.oas.yaml') ?? ''
    const value = parseYaml(text) as { paths: { '/mcp/a': { 'get,post': { summary?: string } } } }
    expect(value).toMatchObject({ info: { title: 'T', version: '1' } })
    expect(JSON.stringify(value)).toContain('["first","people"]')
    expect(value.paths['/mcp/a']['get,post'].summary).toBeUndefined()
    for (const comment of ['# of the team', '# the first one', '# here', '# everybody']) expect(text).toContain(comment)
  })
})

describe('edits', () => {
  const texts = new Map([['config/routes.oas.json', routes]])
  it.each([
    ['a file outside', { kind: 'write', file: '../outside.oas.json', base: null, text: '{}' }],
    ['an absolute one', { kind: 'write', file: '/etc/x.oas.json', base: null, text: '{}' }],
    ['one deeper down', { kind: 'write', file: 'config/sub/x.oas.json', base: null, text: '{}' }],
    ['one that climbs', { kind: 'write', file: 'config/..%2fx.oas.json', base: null, text: '{}' }],
    ['a hidden one', { kind: 'write', file: 'config/.x.oas.json', base: null, text: '{}' }],
    ['the environment', { kind: 'write', file: '.env', base: null, text: 'A=1' }],
    ['the environment, by its value', { kind: 'set', file: '.env', path: ['A'], value: 1 }],
    ['a program', { kind: 'write', file: 'modules/x.ts', base: null, text: 'x' }],
    ['the journal of edits', { kind: 'write', file: '.sallyport-edit.json', base: null, text: '{}' }],
    ['a file that is needed', { kind: 'delete', file: 'config/policies.json' }],
    ['a prototype', { kind: 'set', file: 'config/routes.oas.json', path: ['__proto__', 'x'], value: 1 }],
  ] as readonly (readonly [string, ConfigEdit])[])('of %s are refused', async (_what, edit) => {
    await expect(editTexts(texts, [edit])).rejects.toMatchObject({ reason: 'config_edit_refused' })
  })

  it('see each other, and what comes to nothing is nothing', async () => {
    const file = 'config/routes.oas.json'
    const edits: ConfigEdit[] = [
      { kind: 'set', file, path: ['paths', '/a'], value: { x: 1 } },
      { kind: 'remove', file, path: ['paths', '/a', 'x'] },
      { kind: 'remove', file, path: ['paths', '/a'] },
    ]
    const [text] = (await editTexts(texts, edits)).values()
    expect(parse(text ?? routes)).toEqual(parse(routes))
    expect((await editTexts(texts, [{ kind: 'write', file, base: '', text: routes }])).size).toBe(0)
  })
})

it('a diff is one that git and patch take', () => {
  const { diff, additions, deletions } = diffTexts('config/a.json', 'a\nb\nc\n', 'a\nB\nc\n')
  expect(diff).toBe('--- a/config/a.json\n+++ b/config/a.json\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n')
  expect([additions, deletions]).toEqual([1, 1])
  expect(diffTexts('n', null, 'x\n').diff).toBe('--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n')
  expect(diffTexts('n', 'x', 'y').diff).toContain('\\ No newline at end of file')
})
