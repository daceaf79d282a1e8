import { globSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ParseError, parse } from 'jsonc-parser'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts'
import { createProject, type TestPolicy } from '../harness/write-project.ts'

// What guides tell people to write is what the gateway reads: each block of configuration is put where it belongs and compiled.
const root = join(import.meta.dirname, '../..')
const guides = globSync(['docs/guides/*.md', 'docs/operations/*.md'], { cwd: root })

interface Snippet {
  readonly name: string
  readonly text: string
}

const snippets = guides.flatMap((guide): Snippet[] => {
  const text = readFileSync(join(root, guide), 'utf8')
  return [...text.matchAll(/```jsonc\n([\s\S]*?)```/g)].map(([, block = ''], index) => ({
    name: `${guide}, block ${index + 1}`,
    text: block.replace(/^\s*\/\/.*\n/, '').trim(),
  }))
})

/** Members of the options of a sign-in policy, of settings, and of the options of a policy that brokers credentials. */
const signInMembers = new Set(['claims', 'tenants', 'scopes', 'idJag'])
const settingMembers = new Set(['telemetry', 'exports', 'alerts', 'version', 'clients', 'vault', 'registry'])
const brokerMembers = new Set(['clientCertificate'])
const broker = 'mcp-token-exchange-inbound'

interface Place {
  readonly settings?: JsonObject
  readonly signIn?: JsonObject
  readonly policy?: TestPolicy
  /** Options of an aggregate. */
  readonly aggregate?: JsonObject
}

/** Where a snippet belongs; undefined for one that only shows a part of a route, or leaves something out. */
function placeOf(content: JsonObject): Place | undefined {
  const [member = ''] = Object.keys(content)
  const { policyType, handler, options } = content
  if (typeof policyType === 'string' && isJsonObject(handler) && isJsonObject(handler['options']))
    return { policy: [policyType, handler['options']] }
  if (isJsonObject(options) && 'members' in options) return { aggregate: options }
  if (isJsonObject(options))
    return { policy: ['authMode' in options ? broker : 'mcp-capability-filter-inbound', options] }
  if (signInMembers.has(member)) return { signIn: content }
  if (settingMembers.has(member)) return { settings: content }
  if (brokerMembers.has(member)) return { policy: [broker, { displayName: 'X', authMode: 'mtls', ...content }] }
  return undefined
}

async function problemsOf(text: string, content: JsonObject): Promise<readonly string[] | undefined> {
  const place = placeOf(content)
  if (place === undefined) return undefined
  const { settings = {}, signIn = {}, policy, aggregate } = place
  const oidc = {
    oidc: { issuer: 'https://id.example.com' },
    browserLogin: { clientId: 'x', clientSecret: 'y' },
    ...signIn,
  }
  const policies = {
    'sign-in': ['mcp-oauth-inbound', oidc] as const,
    ...(policy && { 'mcp-token-exchange-x': policy }),
  }
  const tracker = { upstream: 'https://tracker.example/mcp', inbound: Object.keys(policies) }
  const hub = aggregate && { hub: { upstream: aggregate, inbound: Object.keys(policies) } }
  const routes = [...JSON.stringify(aggregate ?? {}).matchAll(/"route":"([^"]+)"/g)].map(([, name = '']) => name)
  const members = Object.fromEntries(routes.map((name) => [name, { ...tracker, inbound: [] }]))
  const directory = await createProject({ settings, servers: { tracker, ...members, ...hub }, policies })
  const variables = [...text.matchAll(/\$env\((\w+)\)/g)].map(
    ([, name = '']) => `${name}=a-value-of-some-more-length\n`,
  )
  await writeFile(join(directory, '.env'), variables.join(''))
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  return 'problems' in result ? result.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

function read(text: string): JsonObject | undefined {
  const errors: ParseError[] = []
  const content: unknown = parse(text.startsWith('{') ? text : `{${text}\n}`, errors)
  return errors.length === 0 && isJsonObject(content) ? content : undefined
}

test.each(snippets)('$name is read', ({ text }) => {
  // A block that leaves something out says so.
  expect(read(text) !== undefined || text.includes('…'), text).toBe(true)
})

const placed = snippets.flatMap(({ name, text }) => {
  const content = read(text)
  return content && placeOf(content) ? [{ name, text, content }] : []
})

test.each(placed)('$name compiles', async ({ text, content }) => {
  expect(await problemsOf(text, content)).toEqual([])
})

test('most blocks have a place, and a mistake in one is found', async () => {
  expect(placed.length).toBeGreaterThan(snippets.length * 0.7)
  const wrong = '"vault": { "provider": "aws-kms", "awsKms": { "keyID": "alias/x" } }'
  expect((await problemsOf(wrong, read(wrong) ?? {}))?.join()).toContain('keyID')
})
