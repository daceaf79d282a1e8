import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postLegacy, postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, startUpstream } from '../harness/upstreams/listen.ts'
import { signIn } from '../harness/write-project.ts'

// An upstream that challenges the gateway would, if that reached the client, send people to sign in where the upstream likes: the client
// takes every 401 for the gateway's own (RFC 9728 §5.1). Nor may it set cookies, or send the client elsewhere.
const evil = 'https://evil.example'
const harmful = {
  'www-authenticate': `Bearer resource_metadata="${evil}/metadata", error="invalid_token", scope="everything"`,
  'set-cookie': 'session=evil',
  location: `${evil}/sign-in`,
  'proxy-authenticate': `Basic realm="${evil}"`,
}
const challengeBody = JSON.stringify({ error: 'unauthorized', error_uri: evil })

let upstream: RunningUpstream
let gateway: TestGateway
const tokens = new Map<string, string>()
const servers = ['bare', 'shared-key', 'own-account']

beforeAll(async () => {
  upstream = await startUpstream((_, request, response) => {
    const how = new URL(request.url ?? '', 'http://upstream').searchParams
    const status = Number(how.get('status') ?? 401)
    const headers = { ...harmful, 'content-type': how.get('type') ?? 'application/json' }
    response
      .writeHead(status, headers)
      .end(headers['content-type'] === 'text/event-stream' ? `data: ${challengeBody}\n\n` : challengeBody)
  })
  const account = { id: 'own', displayName: 'Own', authMode: 'user-oauth' }
  const key = {
    id: 'shared',
    displayName: 'Shared',
    authMode: 'shared-api-key',
    apiKey: { header: 'authorization', scheme: 'Bearer', value: 'key' },
  }
  gateway = await startTestGateway({
    servers: {
      bare: { upstream: upstream.url, inbound: ['sign-in'] },
      'shared-key': { upstream: upstream.url, inbound: ['sign-in', 'key'] },
      'own-account': { upstream: upstream.url, inbound: ['sign-in', 'account'] },
    },
    policies: {
      ...signIn(),
      key: ['mcp-token-exchange-inbound', key],
      account: ['mcp-token-exchange-inbound', account],
    },
  })
  for (const name of servers) tokens.set(name, (await obtainToken(gateway.publicUrl, gateway.server(name))).accessToken)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const call = { name: 'x', arguments: {} }
const requests: { readonly [name: string]: (url: string, token: string) => Promise<PostAnswer> } = {
  'tools/call, 2026-07-28': (url, token) => postModern(url, token, 'tools/call', call),
  'tools/list, 2026-07-28': (url, token) => postModern(url, token, 'tools/list'),
  'server/discover': (url, token) => postModern(url, token, 'server/discover'),
  initialize: (url, token) => postLegacy(url, token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
  'tools/call, 2025-11-25': (url, token) => postLegacy(url, token, 'tools/call', call),
  'tools/list, 2025-11-25': (url, token) => postLegacy(url, token, 'tools/list'),
}

describe.each(servers)('the challenge of the upstream behind %s', (name) => {
  const answers = [
    'status=401',
    'status=403',
    'status=407',
    'status=302',
    'status=401&type=text/event-stream',
    'status=401&type=text/html',
  ]
  describe.each(answers)('%s', (answer) => {
    it.each(Object.entries(requests))('never reaches the client: %s', async (_, send) => {
      const { status, headers, text, message } = await send(`${gateway.server(name)}?${answer}`, tokens.get(name) ?? '')
      expect([200, 404, 502], text).toContain(status)
      for (const header of Object.keys(harmful)) expect(headers, header).not.toHaveProperty(header)
      expect(text + JSON.stringify(headers)).not.toContain('evil')
      expect(message?.result ?? message?.error).toBeDefined()
    })
  })
})

it('is not even asked for while a person is not connected', async () => {
  const { text } = await postModern(gateway.server('own-account'), tokens.get('own-account') ?? '', 'tools/call', call)
  expect(text).toContain(`${gateway.publicUrl}/auth/connections/own/connect?ticket=`)
})
