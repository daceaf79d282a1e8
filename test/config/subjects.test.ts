import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject, type TestPolicy } from '../harness/write-project.ts'

const bare = { subjectMapping: 'sub_id_only' }

/** Warnings of a project with these options of JWT policies and trusted issuers of identity assertions. */
async function warningsOf(jwts: readonly object[], trustedIssuers: readonly object[]): Promise<string[]> {
  const idJag = trustedIssuers.length > 0 ? { idJag: { enabled: true, trustedIssuers } } : {}
  const entries = jwts.map((options, index): [string, TestPolicy] => [
    `tokens-${index}`,
    ['open-id-jwt-auth-inbound', { audience: 'gateway', ...options }],
  ])
  const policies: { [name: string]: TestPolicy } = {
    'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, ...idJag }],
    ...Object.fromEntries(entries),
  }
  const servers = { tracker: { upstream: 'https://upstream.example/mcp', inbound: Object.keys(policies) } }
  const directory = await createProject({ servers, policies })
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.project.warnings.map(({ message }) => message).filter((message) => message.includes('"sub" alone'))
}

const one = { issuer: 'https://one.example' }
const two = { issuer: 'https://two.example' }

test('one issuer may name people by "sub" alone, also for several policies', async () => {
  expect(await warningsOf([{ ...one, ...bare }, { ...one, ...bare, audience: 'other' }, two], [])).toEqual([])
  expect(await warningsOf([{ ...one, ...bare }], [two, { ...one, ...bare }])).toEqual([])
})

test('of several issuers that do so each could speak for the people of the other', async () => {
  const expected = [expect.stringMatching(/one\.example and .*two\.example|two\.example and .*one\.example/)]
  expect(
    await warningsOf(
      [
        { ...one, ...bare },
        { ...two, ...bare },
      ],
      [],
    ),
  ).toEqual(expected)
  expect(
    await warningsOf(
      [],
      [
        { ...one, ...bare },
        { ...two, ...bare },
      ],
    ),
  ).toEqual(expected)
  expect(await warningsOf([{ ...one, ...bare }], [{ ...two, ...bare }])).toEqual(expected)
})
