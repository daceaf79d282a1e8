import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../test/harness/run-cli.ts'
import { catalogEntrySchema } from '../config/catalog-entry.ts'
import { listSteps } from '../config/edit/list-steps.ts'
import type { UpstreamMode } from '../config/edit/upstream-modes.ts'
import { listModes } from '../config/edit/upstream-policy.ts'
import { readCatalog } from '../config/read-catalog.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { addUpstream } from './add-upstream.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { findCatalogEntry } from './read-catalog.ts'

const catalog = await readCatalog()
const routes = `{
    // The routes of the team.
    "openapi": "3.1.0",
    "info": { "title": "Routes", "version": "1.0.0" },
    "paths": {} // none yet
}
`
const policies = `{
    "policies": [
        // People sign in at their company.
        { "name": "people", "policyType": "mcp-oauth-inbound",
          "handler": { "module": "$import(sallyport)", "export": "McpOAuthInboundPolicy",
                       "options": { "oidc": { "issuer": "https://idp.example" },
                                    "browserLogin": { "clientId": "gateway", "clientSecret": "0123456789abcdef" } } } }
    ]
}
`

let directory: string
const file = (name: string) => join(directory, name)
const read = (name: string) => readFile(file(name), 'utf8')

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-add-'))
  await mkdir(file('config'))
  await writeFile(file('sallyport.jsonc'), '{ "version": 1, "publicUrl": "https://gw.example", "basePath": "/base" }')
  await writeFile(file('config/routes.oas.json'), routes)
  await writeFile(file('config/policies.json'), policies)
})
afterEach(() => rm(directory, { recursive: true }))

async function add(
  id: string,
  mode: UpstreamMode,
  changes: { name?: string; apiKeyEnv?: string; inbound?: string[] } = {},
) {
  const { name = id, apiKeyEnv, inbound } = changes
  const answers = { mode, name, apiKeyEnv, clientIdEnv: 'THE_CLIENT_ID', clientSecretEnv: 'THE_CLIENT_SECRET' }
  const entry = await findCatalogEntry(id)
  const added = await addUpstream(directory, entry, answers, inbound)
  return { added, steps: listSteps(entry, answers, added, directory) }
}

async function compiled(): Promise<readonly (UpstreamSettings | undefined)[]> {
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.project.routes.map(({ upstream }) => upstream)
}

describe('the catalogue', () => {
  test('has at least 40 upstreams, each in a file of its name, each under a URL of its own', async () => {
    expect(catalog.length).toBeGreaterThanOrEqual(40)
    const files = (await readdir(join(import.meta.dirname, '../../catalog'))).map((name) => name.replace('.json', ''))
    expect(catalog.map(({ id }) => id)).toEqual(files.toSorted())
    expect(new Set(catalog.map(({ url }) => url)).size).toBe(catalog.length)
  })

  test('says who must be asked before people can connect', () => {
    for (const { id, auth } of catalog) {
      for (const way of auth) {
        if (way.kind === 'oauth' && way.registration === 'manual') expect(way.setUp.length, id).toBeGreaterThan(0)
      }
    }
  })

  test('a date without documentation that was read, or two ways of one kind, are refused', () => {
    const entry = {
      id: 'x',
      name: 'X',
      summary: 'X.',
      url: 'https://x.example/mcp',
      auth: [{ kind: 'none' }],
      icon: 'x',
    }
    const isValid = (changes: object) => catalogEntrySchema.safeParse({ ...entry, ...changes }).success
    expect(isValid({ verified: 'unverified', source: 'hearsay' })).toBe(true)
    expect(isValid({ verified: '2026-11-21', source: 'https://x.example/docs' })).toBe(true)
    expect(isValid({ verified: '2026-11-21', source: 'hearsay' })).toBe(false)
    expect(isValid({ verified: 'yesterday', source: 'https://x.example/docs' })).toBe(false)
    expect(isValid({ verified: 'unverified', source: 'x', url: 'http://x.example' })).toBe(false)
    expect(isValid({ verified: 'unverified', source: 'x', auth: [{ kind: 'none' }, { kind: 'none' }] })).toBe(false)
    expect(isValid({ verified: 'unverified', source: 'x', port: 1 })).toBe(false)
  })

  test('a mistyped id is met with the likely one', async () => {
    await expect(findCatalogEntry('liner')).rejects.toThrow('Did you mean "linear"?')
    await expect(findCatalogEntry('no-such-thing-anywhere')).rejects.toThrow('catalog list')
  })
})

const all = catalog.flatMap((entry) => listModes(entry).map((mode) => ({ id: entry.id, mode })))

describe('addUpstream', () => {
  test.each(all)('$id as $mode compiles to what it says', async ({ id, mode }) => {
    const entry = await findCatalogEntry(id)
    const { added } = await add(id, mode)
    if (added.variables.length > 0) await writeFile(file('.env'), added.variables.map((name) => `${name}=x\n`).join(''))
    const [upstream] = await compiled()
    if (mode === 'none') expect(upstream).toBeUndefined()
    else expect(upstream).toMatchObject({ id, mode, displayName: entry.name })
    const result = await compileDirectory(directory, 'dev')
    expect(result).toMatchObject({
      project: { warnings: [], routes: [{ path: `/mcp/${id}`, upstreamUrl: new URL(entry.url).href }] },
    })
  })

  test('all of them fit into one project, whose comments and layout stay', async () => {
    for (const { id, auth } of catalog) {
      const mode = auth[0]?.kind === 'none' ? 'none' : auth[0]?.kind === 'oauth' ? 'user-oauth' : 'user-api-key'
      await add(id, mode)
    }
    await writeFile(file('.env'), 'THE_CLIENT_ID=x\nTHE_CLIENT_SECRET=y\n')
    expect(await compiled()).toHaveLength(catalog.length)
    expect(await read('config/routes.oas.json')).toMatch(/^\{\n {4}\/\/ The routes of the team\.\n/)
    expect(await read('config/policies.json')).toContain(
      '        // People sign in at their company.\n        { "name": "people", "policyType"',
    )
  }, 60_000)

  test('people sign in before they reach it, and a manual client comes with its callback and variables', async () => {
    const { added, steps } = await add('github', 'user-oauth')
    expect(added).toEqual({
      path: '/mcp/github',
      files: ['config/policies.json', 'config/routes.oas.json'],
      variables: ['THE_CLIENT_ID', 'THE_CLIENT_SECRET'],
      url: 'https://gw.example/mcp/github',
      callbackUrl: 'https://gw.example/base/auth/connections/callback',
    })
    expect(await read('config/routes.oas.json')).toMatch(/"inbound": \[\s+"people",\s+"mcp-token-exchange-github"\s+\]/)
    expect(steps).toContain('The callback URL is https://gw.example/base/auth/connections/callback')
    expect(steps).toContain('MCP clients connect to https://gw.example/mcp/github')
    expect(steps).toContain('Put THE_CLIENT_SECRET=… into .env or the environment.')
    expect(await read('config/policies.json')).toContain('"clientSecret": "$env(THE_CLIENT_SECRET)"')
  })

  test('one key for all comes from a variable where one is named, else from the vault', async () => {
    expect((await add('linear', 'shared-api-key')).steps).toContain(
      `Store the key for all: sallyport connections set-key linear ${directory} --shared`,
    )
    const second = await add('linear', 'shared-api-key', { name: 'linear-bot', apiKeyEnv: 'LINEAR_KEY' })
    expect(second.added.variables).toEqual(['LINEAR_KEY'])
    await writeFile(file('.env'), 'LINEAR_KEY=lin_api_1\n')
    const upstreams = await compiled()
    expect(upstreams.map((upstream) => [upstream?.id, upstream?.apiKey?.value?.reveal()])).toEqual([
      ['linear', undefined],
      ['linear-bot', 'lin_api_1'],
    ])
  })

  test('what is taken is not overwritten', async () => {
    await add('linear', 'user-oauth')
    const before = [await read('config/routes.oas.json'), await read('config/policies.json')]
    await expect(add('linear', 'user-api-key')).rejects.toThrow('a route /mcp/linear already. Choose another name')
    await expect(add('notion', 'user-oauth', { name: 'linear' })).rejects.toThrow(UsageError)
    expect([await read('config/routes.oas.json'), await read('config/policies.json')]).toEqual(before)
  })

  test('a result with problems is taken back, to the byte', async () => {
    await chmod(file('config/policies.json'), 0o640)
    await expect(add('linear', 'user-oauth', { inbound: ['no-such-policy'] })).rejects.toThrow('no-such-policy')
    expect(await read('config/routes.oas.json')).toBe(routes)
    expect(await read('config/policies.json')).toBe(policies)
    expect((await stat(file('config/policies.json'))).mode & 0o777).toBe(0o640)
    expect((await readdir(file('config'))).toSorted()).toEqual(['policies.json', 'routes.oas.json'])
  })

  test('a project with problems is not touched, and one that signs nobody in is asked for policies', async () => {
    await writeFile(file('config/policies.json'), '{ "policies": [] }')
    await expect(add('linear', 'user-oauth')).rejects.toThrow('Name the policies of the route with --inbound')
    await writeFile(file('config/policies.json'), '{ "polices": [] }')
    await expect(add('linear', 'user-oauth')).rejects.toThrow('the project has problems')
    expect(await read('config/routes.oas.json')).toBe(routes)
  })

  test('a mode that the upstream does not offer is refused with those that it does', async () => {
    await expect(add('notion', 'shared-api-key')).rejects.toThrow('There are: user-oauth, shared-oauth.')
  })

  test('routes in YAML are edited in place', async () => {
    await rm(file('config/routes.oas.json'))
    const yaml =
      '# ours\nopenapi: 3.1.0\ninfo: {title: Routes, version: 1.0.0}   # of the team\npaths:\n    # none yet\n    {}\n'
    await writeFile(file('config/routes.oas.yaml'), yaml)
    await add('linear', 'user-oauth')
    const [upstream] = await compiled()
    expect(upstream).toMatchObject({ id: 'linear', mode: 'user-oauth' })
    const text = await read('config/routes.oas.yaml')
    expect(text).toMatch(/^# ours\nopenapi: 3\.1\.0\ninfo: \{title: Routes, version: 1\.0\.0\} {3}# of the team\n/)
    expect(text).toContain('# none yet')
  })

  test('tabs and Windows line ends stay', async () => {
    await writeFile(file('config/routes.oas.json'), routes.replaceAll('    ', '\t').replaceAll('\n', '\r\n'))
    await add('deepwiki', 'none')
    const text = await read('config/routes.oas.json')
    expect(text).toContain('\r\n\t\t"/mcp/deepwiki": {\r\n')
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
  })
})

test('`catalog show` says what an entry needs before it can be used', async () => {
  const { code, out } = await runCli('catalog', 'show', 'github')
  expect(code).toBe(0)
  expect(out).toMatch(/Before people connect:\n {2}Create an OAuth app/)
  expect((await runCli('catalog', 'show', 'githb')).errors).toContain('Did you mean "github"?')
})
