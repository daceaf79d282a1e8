import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject } from '../harness/write-project.ts'

async function compile(scopes: object) {
  const upstream = 'https://upstream.example/mcp'
  const servers = { tracker: { upstream, inbound: ['sign-in'] }, open: { upstream, inbound: [] } }
  const options = { browserLogin: { url: '/oauth/dev-login' }, scopes }
  const directory = await createProject({ servers, policies: { 'sign-in': ['mcp-oauth-inbound', options] } })
  const result = await compileDirectory(directory, 'dev')
  await rm(directory, { recursive: true })
  return result
}

async function problemsOf(scopes: object): Promise<string> {
  const result = await compile(scopes)
  const problems = ('problems' in result ? result.problems : []).filter(({ severity }) => severity === 'error')
  return problems.map(({ path, message, remedy }) => `${path}: ${message}. ${remedy}`).join('\n')
}

const at = 'policies[0].handler.options.scopes'

test('a virtual server has the scopes that the sign-in policy gives it', async () => {
  const tools = { 'delete_*': ['issues:delete', 'issues:write'], close_issue: ['issues:write'] }
  const result = await compile({ tracker: { base: ['issues:read'], tools } })
  const servers = 'project' in result ? result.project.virtualServers : []
  const facts = servers.map(({ name, scopes, baseScopes, toolScopes }) => ({ name, scopes, baseScopes, toolScopes }))
  expect(facts).toEqual([
    {
      name: 'tracker',
      scopes: ['issues:read', 'issues:delete', 'issues:write'],
      baseScopes: ['issues:read'],
      toolScopes: tools,
    },
    { name: 'open', scopes: ['mcp:tools'], baseScopes: ['mcp:tools'], toolScopes: undefined },
  ])
})

test('the base is mcp:tools where only tools are named', async () => {
  const result = await compile({ tracker: { tools: { delete_issue: ['issues:delete'] } } })
  const [tracker] = 'project' in result ? result.project.virtualServers : []
  expect(tracker?.baseScopes).toEqual(['mcp:tools'])
})

test('a misspelt virtual server is a problem with a suggestion', async () => {
  expect(await problemsOf({ trakcer: {} })).toBe(
    `${at}.trakcer: there is no virtual server "trakcer". Write "tracker".`,
  )
})

test('scopes of a virtual server where nobody signs in are a problem', async () => {
  expect(await problemsOf({ open: {} })).toContain('does not use this policy, so its scopes would mean nothing')
})

test('a misspelt member is a problem with a suggestion', async () => {
  expect(await problemsOf({ tracker: { tool: {} } })).toBe(
    `${at}.tracker.tool: "tool" is not known here. Write "tools".`,
  )
})
