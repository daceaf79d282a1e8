import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePins } from '../harness/pin-definitions.ts'
import { type PostAnswer, postLegacy, postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import {
  type ChangingUpstream,
  type Definitions,
  startChangingUpstream,
} from '../harness/upstreams/changing-upstream.ts'
import type { TestProject } from '../harness/write-project.ts'

// Pins where the gateway stands further from the client: as a member of an aggregate, and over an upstream of other revisions.
const search = {
  name: 'search',
  title: 'Search',
  description: 'Searches issues.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  outputSchema: { type: 'object', properties: { hits: { type: 'number' } } },
  annotations: { readOnlyHint: true },
  execution: { taskSupport: 'optional' },
  _meta: { 'com.example/version': 1 },
}
const other = { name: 'other', description: 'Another tool.', inputSchema: { type: 'object' } }
const usual: Definitions = { tools: [search, other], instructions: 'Use search first.' }
const changed: Definitions = { ...usual, tools: [{ ...search, title: 'Find' }, other] }

let upstream: ChangingUpstream
let gateway: TestGateway
let project: TestProject

beforeEach(async () => {
  upstream = await startChangingUpstream(usual)
  project = {
    servers: {
      hub: { upstream: { members: { tracker: { route: 'tracker' } } }, inbound: ['pins'] },
      tracker: { upstream: upstream.url, inbound: ['pins'], internal: true },
      direct: { upstream: upstream.url, inbound: ['pins'] },
    },
    policies: { pins: ['mcp-pinned-contracts-inbound', {}] },
  }
  gateway = await startTestGateway(project)
  await writePins(gateway.directory, { tracker: usual, direct: usual })
  expect(await gateway.reload(project)).toEqual({ ok: true })
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

type Post = (server: string, method: string, params?: { readonly name?: string }) => Promise<PostAnswer>
const modern: Post = (server, method, params) => postModern(gateway.server(server), '', method, params)
const legacy: Post = (server, method, params) => postLegacy(gateway.server(server), '', method, params)
const namesIn = ({ message }: PostAnswer) =>
  (message?.result?.['tools'] as { name: string }[] | undefined)?.map(({ name }) => name)
const reasonOf = ({ message }: PostAnswer) => message?.error?.data?.reason

describe('a member of an aggregate', () => {
  it('is held to its pins, under the names that the aggregate gives', async () => {
    const before = namesIn(await modern('hub', 'tools/list'))
    const [name = ''] = before?.filter((each) => each.includes('search')) ?? []
    expect(before).toHaveLength(2)
    expect((await modern('hub', 'tools/call', { name })).message?.result).toBeDefined()
    upstream.define(changed)
    expect(namesIn(await modern('hub', 'tools/list'))).toEqual(before?.filter((each) => each !== name))
    expect(reasonOf(await modern('hub', 'tools/call', { name }))).toBe('capability_changed')
    const event = await gateway.waitForEvent(({ type }) => type === 'capability_changed')
    expect(event).toMatchObject({ virtualServer: 'tracker', capability: 'search', detail: 'title: "Search" → "Find"' })
  })

  it('is what is pinned with --live, as an aggregate has no upstream of its own', async () => {
    const live = (server: string) => runCli('pins', 'check', server, '--live', '--project', gateway.directory)
    expect((await live('tracker')).out).toBe('tracker: as pinned (3)\n')
    expect((await live('hub')).errors).toContain('"hub" is not reached by a URL')
  })
})

describe.each([
  ['older revisions', true, modern],
  ['older revisions', true, legacy],
  ['2026-07-28', false, legacy],
  ['2026-07-28', false, modern],
] as const)('an upstream of %s', (_, isLegacy, post) => {
  it(`is as it is pinned for a client of ${post === modern ? '2026-07-28' : '2025-11-25'}, until it changes`, async () => {
    upstream.isLegacy = isLegacy
    expect(namesIn(await post('direct', 'tools/list'))).toEqual(['search', 'other'])
    upstream.define(changed)
    expect(namesIn(await post('direct', 'tools/list'))).toEqual(['other'])
    expect(reasonOf(await post('direct', 'tools/call', { name: 'search' }))).toBe('capability_changed')
    const told = gateway.events().filter(({ type }) => type === 'capability_changed')
    expect(told.length).toBeLessThanOrEqual(1)
  })
})
