import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject, signIn, type TestServer } from '../harness/write-project.ts'

const upstream = 'https://upstream.example/mcp'
const tracker: TestServer = { upstream, inbound: ['sign-in'] }
const hub = (members: object, more: Partial<TestServer> & { readonly options?: object } = {}): TestServer => {
  const { options, ...rest } = more
  return { upstream: { members, ...options }, inbound: ['sign-in'], ...rest }
}

async function problemsOf(servers: { readonly [name: string]: TestServer }): Promise<readonly string[]> {
  const directory = await createProject({ servers, policies: signIn() })
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  const problems = 'problems' in result ? result.problems : result.project.warnings
  return problems.map(({ path, message, remedy = '' }) => `${path.split('.options.').at(-1)}: ${message}. ${remedy}`)
}

test('members are other routes of the project', async () => {
  expect(await problemsOf({ hub: hub({ a: { route: 'tracker' } }), tracker })).toEqual([])
})

test('a misspelt one is a problem with a suggestion', async () => {
  expect(await problemsOf({ hub: hub({ a: { route: 'trakcer' } }), tracker })).toEqual([
    'members.a.route: there is no route with the operationId "trakcer". Write "tracker".',
  ])
})

test('an aggregate is no member, not even of itself', async () => {
  const servers = { hub: hub({ a: { route: 'hub' } }), outer: hub({ a: { route: 'hub' } }) }
  const problem = 'members.a.route: "hub" is an aggregate itself. Name the routes that it is made of.'
  expect(await problemsOf(servers)).toEqual([problem, problem])
})

test('no aggregate opens a member to people who could not come to it', async () => {
  const open = await problemsOf({ hub: hub({ a: { route: 'tracker' } }, { inbound: [] }), tracker })
  expect(open.join('\n')).toContain('people sign in to "tracker", but through this route nobody would have to')
  const own = { ...tracker, tenant: 'acme' }
  expect((await problemsOf({ hub: hub({ a: { route: 'tracker' } }), tracker: own })).join('\n')).toContain(
    '"tracker" belongs to the tenant "acme", this route does not',
  )
  expect(await problemsOf({ hub: hub({ a: { route: 'tracker' } }, { tenant: 'acme' }), tracker: own })).toEqual([])
})

test('an internal route needs no sign-in of its own, but an aggregate', async () => {
  const internal = { ...tracker, inbound: [], internal: true }
  expect(await problemsOf({ hub: hub({ a: { route: 'tracker' } }), tracker: internal })).toEqual([])
  expect((await problemsOf({ tracker: internal, other: tracker })).join()).toContain('no aggregate has it as a member')
})

test.each([
  [{ a_b: { route: 'tracker' } }, {}],
  [{ '1a': { route: 'tracker' } }, {}],
  [{}, {}],
  [{ a: { route: 'tracker', tools: { x: 'y' } } }, {}],
  [{ a: { route: 'tracker', tools: { x: 'y' } }, b: { route: 'tracker', tools: { x: 'z' } } }, { names: 'map' }],
  [{ a: { route: 'tracker', tools: { call_tool: 'y' } } }, { names: 'map' }],
  [{ a: { route: 'tracker', tools: { 'not a name': 'y' } } }, { names: 'map' }],
])('%j %j is refused', async (members, options) => {
  expect(await problemsOf({ hub: hub(members, { options }), tracker })).not.toEqual([])
})
