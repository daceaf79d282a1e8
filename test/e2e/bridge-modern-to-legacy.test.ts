import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { signIn } from '../harness/write-project.ts'

// The official client of 2026-07-28, which knows no session, in front of a real server of the older revisions, which knows nothing else.

describe.each(['json', 'sse'] as const)('an older upstream that answers %s', (answers) => {
  let upstream: OlderUpstream
  let gateway: TestGateway
  let url: string
  beforeAll(async () => {
    upstream = await startOlderUpstream({ json: answers === 'json' })
    gateway = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    url = gateway.server('older')
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  const tokenOf = async (person: string) => (await obtainToken(gateway.publicUrl, url, person)).accessToken

  it('serves a client that insists on 2026-07-28', async () => {
    const client = await connect(url, await tokenOf('ada'))
    expect(client.getServerVersion()).toMatchObject({ name: 'older-upstream', title: 'Older' })
    expect(client.getServerCapabilities()).toMatchObject({ tools: { listChanged: true }, resources: { subscribe: true } })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('echo')
    const result = await client.callTool({ name: 'echo', arguments: { said: 1 } })
    expect(result.structuredContent).toEqual({ input: { said: 1 } })
    await client.close()
  })

  it('keeps one session per person', async () => {
    const before = upstream.begun
    const [grace, alan] = [await tokenOf('grace'), await tokenOf('alan')]
    for (const token of [grace, grace, alan, grace, alan]) {
      expect((await postModern(url, token, 'tools/call', { name: 'echo', arguments: {} })).status).toBe(200)
    }
    expect(upstream.begun - before).toBe(2)
    const sessions = new Set(upstream.calls.slice(-5).map((call) => call.split(':')[0]))
    expect(sessions.size).toBe(2)
  })

  it('begins anew, once, when the upstream forgot its sessions', async () => {
    const token = await tokenOf('edsger')
    await postModern(url, token, 'tools/list')
    upstream.forget()
    const answer = await postModern(url, token, 'tools/call', { name: 'echo', arguments: {} })
    expect(answer.message?.result).toMatchObject({ resultType: 'complete' })
  })
})

async function connect(url: string, token: string, capabilities = {}): Promise<Client> {
  const client = new Client(
    { name: 'bridge-test', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities },
  )
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return client
}
