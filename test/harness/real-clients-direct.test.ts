import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningTracker, startTracker } from '../../examples/01-quickstart/upstream/tracker.ts'
import { runInspector } from './inspector-cli.ts'
import type { RealClient } from './real-client.ts'
import { connectSdkV1 } from './sdk-v1-client.ts'
import { connectSdkV2 } from './sdk-v2-client.ts'

// The same clients, without the gateway: what fails through the gateway and passes here is the gateway's fault.
const headers = { Authorization: 'Bearer direct-key' }

const clients: { readonly [name: string]: { connect: (url: string) => Promise<RealClient>; version: string } } = {
  'SDK v1': { connect: (url) => connectSdkV1(url, undefined, headers), version: '2025-11-25' },
  'SDK v2 legacy': { connect: (url) => connectSdkV2(url, { era: 'legacy', headers }), version: '2025-11-25' },
  'SDK v2 auto': { connect: (url) => connectSdkV2(url, { era: 'auto', headers }), version: '2026-07-28' },
  'SDK v2 modern': { connect: (url) => connectSdkV2(url, { era: 'modern', headers }), version: '2026-07-28' },
}

describe.each(['json', 'sse'] as const)('tracker that answers %s, without gateway', (answers) => {
  let tracker: RunningTracker
  beforeAll(async () => {
    tracker = await startTracker({ port: 0, apiKey: 'direct-key', answers, reportStepMilliseconds: 1 })
  })
  afterAll(() => tracker.close())

  it.each(Object.entries(clients))('serves %s', async (_, { connect, version }) => {
    const client = await connect(tracker.url)
    expect(client.protocolVersion).toBe(version)
    expect(await client.listTools()).toHaveLength(10)
    expect(await client.callTool('get_issue', { number: 1 })).toMatchObject({
      isError: false,
      text: expect.stringMatching(/Safari/),
    })
    expect(await client.callTool('get_issue', { number: 99 })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/no issue #99/),
    })
    expect(await client.callTool('export_report', { parts: 2 })).toMatchObject({
      text: expect.stringMatching(/# Report/),
    })
    await client.close()
  })

  it('refuses a wrong key', async () => {
    const wrong = { Authorization: 'Bearer wrong' }
    await expect(connectSdkV2(tracker.url, { era: 'modern', headers: wrong })).rejects.toThrow()
  })

  it.each(['legacy', 'modern'] as const)('serves the Inspector CLI, %s', async (era) => {
    const home = await mkdtemp(join(tmpdir(), 'inspector-'))
    const options = { url: tracker.url, era, home, callbackPort: 6276, headers }
    const listed = await runInspector(options, '--method', 'tools/list')
    expect(listed.result?.['tools'], listed.output).toHaveLength(10)
    await rm(home, { recursive: true })
  })
})
