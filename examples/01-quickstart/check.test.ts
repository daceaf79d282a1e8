import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../../src/gateway.ts'
import { completeSignIn } from '../../test/harness/browser-login.ts'
import { obtainToken } from '../../test/harness/obtain-token.ts'
import { postModern } from '../../test/harness/post-message.ts'
import type { RealClient } from '../../test/harness/real-client.ts'
import { connectSdkV2, createSdkV2Memory } from '../../test/harness/sdk-v2-client.ts'
import { type RunningTracker, startTracker } from './upstream/tracker.ts'

// The project as it is in this directory, except that every port is free and the store is temporary.
let directory: string
let tracker: RunningTracker
let gateway: RunningGateway
let trackerKey: string | undefined

beforeAll(async () => {
  trackerKey = process.env['TRACKER_API_KEY']
  process.env['TRACKER_API_KEY'] = 'key-of-the-check'
  tracker = await startTracker({ port: 0, apiKey: 'key-of-the-check', reportStepMilliseconds: 1 })
  directory = await mkdtemp(join(tmpdir(), 'quickstart-'))
  await cp(join(import.meta.dirname, 'config'), join(directory, 'config'), { recursive: true })
  const routes = join(directory, 'config/routes.oas.json')
  const written = await readFile(routes, 'utf8')
  expect(written).toContain('"http://127.0.0.1:9101/mcp"')
  await writeFile(routes, written.replaceAll('http://127.0.0.1:9101/mcp', tracker.url))
  const settings = { version: 1, listen: { port: 0 }, telemetry: { logLevel: 'error' } }
  await writeFile(join(directory, 'sallyport.jsonc'), JSON.stringify(settings))
  gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
})

afterAll(async () => {
  await gateway.close()
  await tracker.close()
  await rm(directory, { recursive: true })
  if (trackerKey === undefined) delete process.env['TRACKER_API_KEY']
  else process.env['TRACKER_API_KEY'] = trackerKey
})

async function connect(name: string): Promise<RealClient> {
  const memory = createSdkV2Memory((url) => completeSignIn(url, { subject: 'newcomer' }))
  return connectSdkV2(`${gateway.publicUrl}/mcp/${name}`, { era: 'auto', memory })
}

it('has no problems and no warnings', () => {
  expect(gateway.project.warnings).toEqual([])
  expect(gateway.project.virtualServers.map((server) => server.name)).toEqual(['tracker', 'tracker-read-only'])
})

it('serves the whole tracker', async () => {
  const client = await connect('tracker')
  const tools = await client.listTools()
  expect(tools).toContain('bulk_delete_issues')
  expect(tools).toHaveLength(10)
  const created = await client.callTool('create_issue', { title: 'Try Sallyport' })
  expect(created).toEqual({ isError: false, text: expect.stringContaining('Try Sallyport') })
  expect((await client.callTool('export_report', { parts: 3 })).text).toContain('Try Sallyport')
  await client.close()
})

it('serves a read-only part of it', async () => {
  const client = await connect('tracker-read-only')
  expect(await client.listTools()).toEqual(['list_issues', 'get_issue', 'export_report'])
  expect((await client.callTool('list_issues', { status: 'open' })).text).toContain('Dark mode')
  await expect(client.callTool('delete_issue', { number: 1 })).rejects.toThrow()
  await client.close()
})

it('offers the chosen prompts and resources, and no others', async () => {
  const url = `${gateway.publicUrl}/mcp/tracker-read-only`
  const { accessToken } = await obtainToken(gateway.publicUrl, url)
  const ask = async (method: string, params: { name?: string; uri?: string } = {}) => {
    const header = params.uri === undefined ? {} : { 'mcp-name': params.uri }
    return (await postModern(url, accessToken, method, params, header)).message
  }
  expect((await ask('prompts/list'))?.result?.['prompts']).toEqual([
    expect.objectContaining({ name: 'weekly_summary' }),
  ])
  const resources = (await ask('resources/list'))?.result?.['resources'] as { uri: string }[]
  expect(resources.map((resource) => resource.uri)).toEqual(['tracker://guide', 'tracker://numbers'])
  expect((await ask('resources/templates/list'))?.result?.['resourceTemplates']).toHaveLength(1)
  expect((await ask('prompts/get', { name: 'weekly_summary' }))?.result).toMatchObject({ messages: [{ role: 'user' }] })
  expect((await ask('resources/read', { uri: 'tracker://issues/1' }))?.result).toMatchObject({ contents: [{}] })
  expect((await ask('prompts/get', { name: 'triage_issue' }))?.error?.data?.reason).toBe('capability_not_allowed')
  expect((await ask('resources/read', { uri: 'tracker://labels' }))?.error?.data?.reason).toBe('capability_not_allowed')
})

it('shows descriptions of its own', async () => {
  const url = `${gateway.publicUrl}/mcp/tracker-read-only`
  const { accessToken } = await obtainToken(gateway.publicUrl, url)
  const tools = (await postModern(url, accessToken, 'tools/list')).message?.result?.['tools'] as object[]
  expect(tools[0]).toMatchObject({ name: 'list_issues', description: expect.stringContaining('start here') })
  expect(tools[0]).toHaveProperty('inputSchema.properties.assignee')
})
