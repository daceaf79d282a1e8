import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sendRaw } from '../../../test/harness/refusal.ts'
import { describeOAuthUpstream, gatewayIdentity } from '../../../test/harness/upstream-oauth-client.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { createClientDocumentMount } from './client-document.ts'

let server: Server
let origin: string

beforeEach(async () => {
  const byKey: UpstreamSettings = {
    ...describeOAuthUpstream('https://up.example/mcp'),
    id: 'by-key',
    mode: 'user-api-key',
  }
  const list = [describeOAuthUpstream('https://up.example/mcp'), byKey]
  const upstreams = {
    list: () => list,
    find: (id: string) => list.find((each) => each.id === id),
    listByServer: () => [],
    tenantsOf: () => [],
  }
  const mount = createClientDocumentMount({ ...gatewayIdentity, basePath: '/base' }, upstreams)
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x')
    if (mount.owns(pathname)) mount.handle(request, response, pathname)
    else response.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const path = '/base/.well-known/oauth-client/tracker'

test('the document of an upstream is small, static and says what a registration would', async () => {
  const answer = await sendRaw(`${origin}${path}`)
  expect(answer.status).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/json/) as string,
    'cache-control': 'public, max-age=3600',
    'access-control-allow-origin': '*',
  })
  expect(answer.text.length).toBeLessThan(5 * 1024)
  expect(JSON.parse(answer.text)).toEqual({
    client_id: `https://gateway.example${path}`,
    client_name: 'Sallyport (gateway.example)',
    client_uri: 'https://gateway.example',
    redirect_uris: [gatewayIdentity.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'web',
    token_endpoint_auth_method: 'none',
  })
})

test.each(['unknown', 'by-key', '', 'tracker/', 'tracker/x', '..%2Ftracker'])(
  'there is no document of "%s"',
  async (id) => {
    const answer = await sendRaw(`${origin}/base/.well-known/oauth-client/${id}`)
    expect(answer.status).toBe(404)
    expect(answer.headers['location']).toBeUndefined()
  },
)

test('HEAD has no body, and nothing else is served', async () => {
  const head = await sendRaw(`${origin}${path}`, { method: 'HEAD' })
  expect([head.status, head.text]).toEqual([200, ''])
  const post = await sendRaw(`${origin}${path}`, { method: 'POST' })
  expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD'])
  expect((await sendRaw(`${origin}/.well-known/oauth-client/tracker`)).status).toBe(418)
})
