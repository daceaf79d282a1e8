import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

// Clients in web pages (inspectors) need CORS; clients of all kinds probe with GET, HEAD and DELETE.
const origin = 'https://inspector.example'
let upstream: EchoUpstream
let gateway: TestGateway
let url: string
let token: string

beforeAll(async () => {
  upstream = await startEchoUpstream()
  gateway = await startTestGateway({
    settings: { allowedOrigins: [origin] },
    servers: { echo: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  url = gateway.server('echo')
  token = (await obtainToken(gateway.publicUrl, url)).accessToken
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function send(method: 'GET' | 'HEAD' | 'DELETE' | 'OPTIONS', headers: Record<string, string> = {}) {
  const answer = await request(url, { method, headers })
  await answer.body.dump()
  return { status: answer.statusCode, headers: answer.headers }
}

const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

describe('a page of an allowed origin', () => {
  it('may preflight everything that MCP needs', async () => {
    const asked =
      'authorization, content-type, mcp-protocol-version, mcp-method, mcp-name, mcp-param-region, mcp-session-id'
    const { status, headers } = await send('OPTIONS', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': asked,
    })
    expect(status).toBe(204)
    expect(headers['access-control-allow-origin']).toBe(origin)
    expect(headers['access-control-allow-methods']).toContain('POST')
    const allowed = String(headers['access-control-allow-headers']).toLowerCase()
    for (const name of asked.split(', ')) expect(allowed).toContain(name)
  })

  it('can read the challenge', async () => {
    const answer = await postRaw(url, list, { origin })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe(origin)
    expect(String(answer.headers['access-control-expose-headers']).toLowerCase()).toContain('www-authenticate')
    expect(answer.headers['vary']).toMatch(/origin/i)
  })

  it('can read answers', async () => {
    const answer = await postRaw(url, list, { origin, authorization: `Bearer ${token}` })
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe(origin)
  })
})

it('a page of another origin can neither preflight nor call', async () => {
  const preflight = await send('OPTIONS', { origin: 'https://evil.example', 'access-control-request-method': 'POST' })
  expect(preflight.headers['access-control-allow-origin']).toBeUndefined()
  expect(preflight.status).toBe(403)
  const before = upstream.requests.length
  const answer = await postRaw(url, list, { origin: 'https://evil.example', authorization: `Bearer ${token}` })
  expect(answer.status).toBe(403)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect(upstream.requests.length).toBe(before)
})

describe.each([
  ['GET', 405, 'POST'],
  ['HEAD', 405, 'POST, GET, DELETE'],
  ['DELETE', 400, undefined],
] as const)('%s', (method, expected, allow) => {
  it('is challenged like POST when nobody is signed in', async () => {
    // Codex and mcp-remote begin with GET, Gemini with HEAD, some with revisions that are not served.
    const { status, headers } = await send(method, { 'mcp-protocol-version': '2024-11-05' })
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toContain('resource_metadata="')
  })

  it('without a session has nothing to offer who is signed in, where the upstream has no stream', async () => {
    const { status, headers } = await send(method, { authorization: `Bearer ${token}` })
    expect(status).toBe(expected)
    expect(headers['allow']).toBe(allow)
  })
})

it('clients that leave the revision out or send new headers with old messages are served', async () => {
  const authorization = `Bearer ${token}`
  // Gemini sends no revision after initialize; mcp-remote sends Mcp-Method with older revisions.
  expect((await postRaw(url, list, { authorization })).status).toBe(200)
  const mixed = { authorization, 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list' }
  expect((await postRaw(url, list, mixed)).status).toBe(200)
})
