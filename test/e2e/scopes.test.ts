import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningTracker, startTracker } from '../../examples/01-quickstart/upstream/tracker.ts'
import { sendJson } from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { connectSdkV2, createSdkV2Memory, finishSignIn } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'

const scopes = { tracker: { tools: { 'delete_*': ['issues:delete'], create_issue: ['issues:write'] } } }

describe('step-up of an official client', () => {
  let tracker: RunningTracker
  let gateway: TestGateway
  beforeAll(async () => {
    tracker = await startTracker({ port: 0, apiKey: 'tracker-key' })
    gateway = await startTestGateway({
      servers: { tracker: { upstream: tracker.url, inbound: ['sign-in', 'key'] } },
      policies: {
        'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, scopes }],
        key: ['set-upstream-api-key-inbound', { value: 'Bearer tracker-key' }],
      },
    })
  })
  afterAll(async () => {
    await gateway.close()
    await tracker.close()
  })

  it('the metadata of the virtual server names only what everybody needs, that of the server all', async () => {
    const resource = await sendJson(`${gateway.publicUrl}/.well-known/oauth-protected-resource/mcp/tracker`)
    expect(resource.body['scopes_supported']).toEqual(['mcp:tools'])
    const server = await sendJson(`${gateway.publicUrl}/.well-known/oauth-authorization-server`)
    expect(server.body['scopes_supported']).toEqual(['mcp:tools', 'issues:delete', 'issues:write', 'offline_access'])
  })

  it.each(['legacy', 'modern'] as const)('SDK v2, %s, asks for more when a tool needs more', async (era) => {
    const url = gateway.server('tracker')
    const memory = createSdkV2Memory((authorizationUrl) => completeSignIn(authorizationUrl, { subject: 'ada' }))
    const client = await connectSdkV2(url, { era, memory })
    const scopeNow = () => memory.received.at(-1)?.scope
    expect(scopeNow()).toBe('mcp:tools')
    expect(await client.listTools()).toContain('delete_issue')
    expect(await client.callTool('get_issue', { number: 1 })).toMatchObject({ isError: false })
    expect(memory.signIns).toBe(1)

    await expect(client.callTool('create_issue', { title: 'Too small' })).rejects.toThrow()
    await finishSignIn(url, { era, memory })
    expect(scopeNow()).toBe('mcp:tools issues:write')
    expect(await client.callTool('create_issue', { title: 'Wide enough' })).toMatchObject({ isError: false })

    await expect(client.callTool('delete_issue', { number: 2 })).rejects.toThrow()
    await finishSignIn(url, { era, memory })
    expect(new Set(scopeNow()?.split(' '))).toEqual(new Set(['mcp:tools', 'issues:delete', 'issues:write']))
    expect(memory.signIns).toBe(3)
    expect(await client.callTool('create_issue', { title: 'Still' })).toMatchObject({ isError: false })
    await gateway.waitForEvent((event) => event.reason === 'token_insufficient_scope' && event.subject === 'ada')
    await client.close()
  })
})
