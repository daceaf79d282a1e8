import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningTracker, startTracker } from '../../examples/01-quickstart/upstream/tracker.ts'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { runInspector } from '../harness/inspector-cli.ts'
import type { MemoryOAuthProvider } from '../harness/memory-oauth-provider.ts'
import { revokeToken } from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import type { RealClient } from '../harness/real-client.ts'
import { connectSdkV1, createSdkV1Memory } from '../harness/sdk-v1-client.ts'
import { type ClientEra, connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'
import { findFreePort } from '../harness/spawn-gateway.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

type Memory = Pick<
  MemoryOAuthProvider<{ client_id: string }, { access_token: string; refresh_token?: string | undefined }, unknown>,
  'received' | 'signIns' | 'clientInformation'
>

interface Connection {
  readonly memory: Memory
  readonly connect: (url: string) => Promise<RealClient>
}

const signInAsAda = (authorizationUrl: URL) => completeSignIn(authorizationUrl, { subject: 'ada' })

function sdkV1(): Connection {
  const memory = createSdkV1Memory(signInAsAda)
  return { memory, connect: (url) => connectSdkV1(url, memory) }
}

function sdkV2(era: ClientEra): Connection {
  const memory = createSdkV2Memory(signInAsAda)
  return { memory, connect: (url) => connectSdkV2(url, { era, memory }) }
}

const clients: { readonly [name: string]: () => Connection } = {
  'SDK v1': sdkV1,
  'SDK v2, legacy': () => sdkV2('legacy'),
  'SDK v2, auto': () => sdkV2('auto'),
  'SDK v2, modern': () => sdkV2('modern'),
}

function project(tracker: RunningTracker, tokens: object = {}): TestProject {
  return {
    servers: {
      tracker: { upstream: tracker.url, inbound: ['sign-in', 'key'] },
      'read-only': { upstream: tracker.url, inbound: ['sign-in', 'curated', 'key'] },
    },
    policies: {
      ...signIn(tokens),
      curated: ['mcp-capability-filter-inbound', { tools: ['list_issues', 'get_issue'] }],
      key: ['set-upstream-api-key-inbound', { value: 'Bearer tracker-key' }],
    },
  }
}

describe.each(['json', 'sse'] as const)('real clients, upstream answers %s', (answers) => {
  let tracker: RunningTracker
  let gateway: TestGateway
  beforeAll(async () => {
    tracker = await startTracker({ port: 0, apiKey: 'tracker-key', answers, reportStepMilliseconds: 1 })
    gateway = await startTestGateway(project(tracker))
  })
  afterAll(async () => {
    await gateway.close()
    await tracker.close()
  })

  it.each(Object.entries(clients))('%s signs in, lists and calls', async (_, open) => {
    const { memory, connect } = open()
    const client = await connect(gateway.server('tracker'))
    expect(memory.signIns).toBe(1)
    expect(await client.listTools()).toHaveLength(10)
    const outcome = await client.callTool('get_issue', { number: 1 })
    expect(outcome).toEqual({ isError: false, text: expect.stringContaining('Safari') })
    expect(await client.callTool('export_report', { parts: 2 })).toMatchObject({ isError: false })
    await client.close()
  })

  it.each(Object.entries(clients))('%s sees only what is offered', async (_, open) => {
    const client = await open().connect(gateway.server('read-only'))
    expect(await client.listTools()).toEqual(['list_issues', 'get_issue'])
    expect((await client.callTool('get_issue', { number: 1 })).isError).toBe(false)
    await expect(client.callTool('delete_issue', { number: 1 })).rejects.toThrow()
    expect((await client.callTool('get_issue', { number: 1 })).isError).toBe(false)
    await client.close()
  })

  it.each(['legacy', 'modern'] as const)('MCP Inspector CLI, %s, signs in and stays signed in', async (era) => {
    const home = await mkdtemp(join(tmpdir(), 'inspector-'))
    const options = { url: gateway.server('tracker'), era, home, callbackPort: await findFreePort() }
    const listed = await runInspector({ ...options, subject: 'grace' }, '--method', 'tools/list')
    expect(listed.result?.['tools'], listed.output).toHaveLength(10)
    const call = ['--method', 'tools/call', '--tool-name', 'get_issue', '--tool-arg', 'number=1']
    const called = await runInspector(options, ...call)
    expect(JSON.stringify(called.result), called.output).toContain('Safari')
    await rm(home, { recursive: true })
  })
})

describe('tokens of real clients', () => {
  let tracker: RunningTracker
  let gateway: TestGateway
  beforeAll(async () => {
    tracker = await startTracker({ port: 0, apiKey: 'tracker-key' })
    gateway = await startTestGateway(project(tracker, { accessTokenTtlSeconds: 1 }))
  })
  afterAll(async () => {
    await gateway.close()
    await tracker.close()
  })

  it.each(Object.entries(clients))('%s refreshes after expiry without a new sign-in', async (_, open) => {
    const { memory, connect } = open()
    const client = await connect(gateway.server('tracker'))
    const first = memory.received.at(-1)?.access_token
    await gateway.waitForEvent((event) => event.type === 'auth_token_issued')
    await expect
      .poll(() => isRefused(gateway.server('tracker'), first ?? ''), { timeout: 5000, interval: 100 })
      .toBe(true)
    expect((await client.callTool('get_issue', { number: 1 })).isError).toBe(false)
    expect(memory.signIns).toBe(1)
    expect(memory.received.at(-1)?.access_token).not.toBe(first)
    await client.close()
  })

  it.each(Object.entries(clients))('%s has to sign in again after its grant was revoked', async (_, open) => {
    const { memory, connect } = open()
    const client = await connect(gateway.server('tracker'))
    const { refresh_token: refreshToken = '' } = memory.received.at(-1) ?? {}
    await revokeToken(gateway.publicUrl, memory.clientInformation()?.client_id ?? '', refreshToken)
    await expect(client.callTool('get_issue', { number: 1 })).rejects.toThrow()
    await gateway.waitForEvent((event) => event.type === 'auth_token_revoked')
    expect(memory.signIns).toBe(2)
    await client.close()
  })

  it('MCP Inspector CLI refreshes what it stored', async () => {
    const home = await mkdtemp(join(tmpdir(), 'inspector-'))
    const options = { url: gateway.server('tracker'), era: 'modern' as const, home, callbackPort: await findFreePort() }
    const call = ['--method', 'tools/call', '--tool-name', 'get_issue', '--tool-arg', 'number=1']
    await runInspector({ ...options, subject: 'hedy' }, ...call)
    const isRefresh = (event: GatewayEvent) => event.type === 'auth_token_refreshed' && event.subject === 'hedy'
    await waitUntil('a refresh by the Inspector', async () => {
      const run = await runInspector(options, ...call)
      expect(JSON.stringify(run.result), run.output).toContain('Safari')
      return gateway.events().some(isRefresh)
    })
    await rm(home, { recursive: true })
  })
})

async function isRefused(url: string, token: string): Promise<boolean> {
  return (await callTool(url, token, 'list_issues')).message?.error?.data?.reason === 'token_expired'
}
