import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compileDirectory } from '../../src/cli/compile-directory.ts'
import { createProject, signIn } from '../harness/write-project.ts'

const upstream = 'https://upstream.example/mcp'
const agent = { id: 'agent', name: 'Agent', secret: 'a-secret-of-the-agent', servers: ['tracker'] }

let directory: string
beforeEach(async () => {
  const hub = { upstream: { members: { wiki: { route: 'wiki' } } }, inbound: ['sign-in'] }
  const route = { upstream, inbound: ['sign-in'] }
  const servers = { tracker: route, wiki: route, hub }
  directory = await createProject({ servers, policies: signIn(), settings: { clients: [agent] } })
})
afterEach(() => rm(directory, { recursive: true }))

interface Routes {
  readonly paths: {
    readonly [path: string]: { readonly 'get,post': { 'x-gateway-route': { [name: string]: unknown } } }
  }
}

async function edit(name: string, changes: object) {
  const file = join(directory, 'config/routes.oas.json')
  const routes = JSON.parse(await readFile(file, 'utf8')) as Routes
  Object.assign(routes.paths[`/mcp/${name}`]?.['get,post']['x-gateway-route'] ?? {}, changes)
  await writeFile(file, JSON.stringify(routes))
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) return result.problems.map(({ message }) => message)
  return result.project.routes.map(({ operationId }) => operationId)
}

it('an operation that is switched off is not served; clients that may call it stay', async () => {
  expect(await edit('tracker', { enabled: true })).toEqual(['tracker', 'wiki', 'hub'])
  expect(await edit('tracker', { enabled: false })).toEqual(['wiki', 'hub'])
})

it('a member that is switched off is a problem of the aggregate, until that is off as well', async () => {
  expect(await edit('wiki', { enabled: false })).toEqual(['"wiki" is switched off'])
  expect(await edit('hub', { enabled: false })).toEqual(['tracker'])
})

it('what is switched off is checked all the same', async () => {
  await edit('tracker', { enabled: false })
  expect(await edit('tracker', { policies: { inbound: ['no-such-policy'] } })).toEqual([
    expect.stringContaining('no-such-policy'),
  ])
})
