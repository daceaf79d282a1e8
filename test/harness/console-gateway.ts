import { randomBytes } from 'node:crypto'
import { startTracker } from '../../examples/01-quickstart/upstream/tracker.ts'
import { ensureConsole } from '../../tools/build-console.ts'
import { completeSignIn } from './browser-login.ts'
import { connectSdkV1, createSdkV1Memory } from './sdk-v1-client.ts'
import { connectSdkV2, createSdkV2Memory } from './sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from './start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from './upstreams/echo-upstream.ts'
import { signIn } from './write-project.ts'

/** A gateway for the tests of the console, with upstreams behind it. */
export interface ConsoleGateway {
  readonly gateway: TestGateway
  /** An upstream that no virtual server has yet. */
  readonly unused: EchoUpstream
  close(): Promise<void>
}

/** Starts a gateway with the built console, a tracker behind two virtual servers, and one whose upstream is gone. `settings` are of the project. */
export async function startConsoleGateway(settings: object = {}): Promise<ConsoleGateway> {
  ensureConsole()
  const apiKey = randomBytes(24).toString('base64url')
  const tracker = await startTracker({ apiKey, port: 0, reportStepMilliseconds: 5 })
  const unused = await startEchoUpstream()
  const only = { tools: ['list_issues', 'get_issue'], prompts: [], resources: [], resourceTemplates: [] }
  const notes = { id: 'notes', displayName: 'Notes', authMode: 'user-api-key', summary: 'Notes of everybody' }
  const gateway = await startTestGateway({
    settings,
    servers: {
      tracker: { upstream: tracker.url, inbound: ['sign-in', 'fair-use', 'tracker-key'], description: 'Every tool' },
      'tracker-read-only': { upstream: tracker.url, inbound: ['sign-in', 'read-only', 'tracker-key'] },
      gone: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] },
      notes: { upstream: unused.url, inbound: ['sign-in', 'notes'] },
    },
    policies: {
      ...signIn(),
      'fair-use': ['rate-limit-inbound', { rateLimitBy: 'user', requestsAllowed: 600, timeWindowMinutes: 1 }],
      'read-only': ['mcp-capability-filter-inbound', only],
      'tracker-key': ['set-upstream-api-key-inbound', { header: 'authorization', value: `Bearer ${apiKey}` }],
      notes: ['mcp-token-exchange-inbound', notes],
    },
  })
  return {
    gateway,
    unused,
    close: async () => {
      await gateway.close()
      await tracker.close()
      await unused.close()
    },
  }
}

/** Real clients of two generations do what people do: most of it works, some is refused, some fails. */
export async function makeTraffic({ gateway }: ConsoleGateway): Promise<void> {
  const memoryOf = (subject: string) => createSdkV2Memory((url) => completeSignIn(url, { subject }))
  const ada = memoryOf('ada')
  const modern = await connectSdkV2(gateway.server('tracker'), { era: 'auto', memory: ada })
  await modern.listTools()
  for (const status of ['open', 'closed', 'open']) await modern.callTool('list_issues', { status })
  await modern.callTool('create_issue', { title: 'The console shows this call' })
  await modern.callTool('get_issue', { number: 999_999 }).catch(() => undefined)
  await modern.close()
  const graceSignsIn = (url: URL) => completeSignIn(url, { subject: 'grace' })
  const older = await connectSdkV1(gateway.server('tracker-read-only'), createSdkV1Memory(graceSignsIn))
  await older.listTools()
  await older.callTool('list_issues', {})
  await older.callTool('delete_issue', { number: 1 }).catch(() => undefined)
  await older.close()
  await connectSdkV2(gateway.server('gone'), { era: 'legacy', memory: memoryOf('ada') }).catch(() => undefined)
  const unconnected = await connectSdkV2(gateway.server('notes'), { era: 'legacy', memory: memoryOf('grace') })
  await unconnected.callTool('echo', {}).catch(() => undefined)
  await unconnected.close()
  await gateway.waitForEvent(({ reason }) => reason === 'upstream_unreachable')
}
