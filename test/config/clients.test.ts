import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject, signIn } from '../harness/write-project.ts'

const keys = { keys: [{ kty: 'EC' }] }
const secret = 'sixteen-characters'

async function problemsOf(...clients: object[]): Promise<string[]> {
  const tracker = { upstream: 'https://upstream.example/mcp', inbound: ['sign-in'] }
  const servers = { tracker, payroll: { ...tracker, tenant: 'acme' } }
  const directory = await createProject({ settings: { clients }, servers, policies: signIn() })
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  return 'problems' in result ? result.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

test('clients that can do something are fine', async () => {
  expect(
    await problemsOf(
      { id: 'a', name: 'A', secret, servers: ['tracker'] },
      { id: 'b', name: 'B', jwks: keys, servers: ['*', 'payroll'], tenant: 'acme' },
      { id: 'c', name: 'C', jwksUri: 'https://c.example/jwks', servers: ['tracker'] },
      { id: 'd', name: 'D', redirectUris: ['http://127.0.0.1/cb', 'cursor://anysphere/cb'] },
    ),
  ).toEqual([])
})

test.each([
  ['a misspelt virtual server', { secret, servers: ['trakcer'] }, 'clients[0].servers[0]: there is no virtual server'],
  ['a virtual server of another tenant', { secret, servers: ['payroll'] }, '"payroll" belongs to tenant "acme", the'],
  ['a tenant in capital letters', { secret, servers: ['*'], tenant: 'Acme' }, 'clients[0].tenant: must be a tenant'],
  ['a misspelt scope', { secret, servers: ['*'], scopes: ['mcp:tool'] }, 'clients[0].scopes[0]: no virtual server has'],
  ['a script as redirect', { redirectUris: ['javascript:alert(1)'] }, 'clients[0].redirectUris[0]:'],
  ['no way to authenticate', { servers: ['*'] }, 'must authenticate'],
  ['nothing to do', { secret }, 'can do nothing'],
  ['two ways to authenticate', { secret, jwks: keys, servers: ['*'] }, 'in one way'],
  ['a private key', { jwks: { keys: [{ kty: 'EC', d: 'x' }] }, servers: ['*'] }, 'public keys only'],
  ['a short secret', { secret: 'short', servers: ['*'] }, 'at least 16 characters'],
])('a client with %s is a problem', async (_what, changes, expected) => {
  const problems = await problemsOf({ id: 'a', name: 'A', ...changes })
  expect(problems.join('\n')).toContain(expected)
})

test('two clients cannot have one id', async () => {
  const client = { id: 'a', name: 'A', secret, servers: ['tracker'] }
  expect(await problemsOf(client, client)).toEqual(['clients[1].id: the client id "a" is used already'])
})

test('a secret is not repeated in a message', async () => {
  expect((await problemsOf({ id: 'a', name: 'A', secret: 'hunter22', servers: ['*'] })).join()).not.toContain(
    'hunter22',
  )
})
