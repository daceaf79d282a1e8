import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject, signIn, type TestPolicy } from '../harness/write-project.ts'

async function warningsOf(inbound: readonly string[], keys: object, jwt: object = {}): Promise<string[]> {
  const issuer = { issuer: 'https://login.example', audience: 'gateway', ...jwt }
  const policies: { [name: string]: TestPolicy } = {
    ...signIn(),
    keys: ['api-key-inbound', keys],
    tokens: ['open-id-jwt-auth-inbound', issuer],
  }
  const servers = {
    tracker: { upstream: 'https://upstream.example/mcp', inbound },
    rest: { upstream: 'https://upstream.example/mcp', inbound: ['sign-in', 'keys', 'tokens'] },
  }
  const directory = await createProject({ servers, policies })
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.project.warnings.filter(({ path }) => path.includes('/mcp/tracker')).map(({ message }) => message)
}

test.each([[['sign-in']], [['keys']], [['tokens']], [['keys', 'tokens', 'sign-in']]])(
  'a route with %o is not open',
  async (inbound) => {
    expect(await warningsOf(inbound, {})).toEqual([])
  },
)

test('a route where requests without a credential pass is', async () => {
  const open = { allowUnauthenticatedRequests: true }
  expect((await warningsOf(['keys'], open)).join()).toContain('requests without a credential pass')
  expect((await warningsOf(['tokens'], {}, open)).join()).toContain('requests without a credential pass')
  expect((await warningsOf(['sign-in', 'keys'], open)).join()).toContain('requests without a credential pass')
  expect((await warningsOf([], {})).join()).toContain('nobody signs in')
})
