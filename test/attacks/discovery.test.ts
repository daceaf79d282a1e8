import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RawAnswer, sendRaw } from '../harness/refusal.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

let gateway: TestGateway
beforeAll(async () => {
  const servers = { tracker: { upstream: 'http://127.0.0.1:1/mcp', inbound: ['sign-in'] } }
  gateway = await startTestGateway({ servers, policies: signIn() })
})
afterAll(() => gateway.close())

const documents = [
  '/.well-known/oauth-protected-resource/mcp/tracker',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]
const poisons: readonly { readonly [name: string]: string }[] = [
  { host: 'evil.example' },
  { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
  { forwarded: 'host=evil.example;proto=https' },
  { 'x-forwarded-prefix': '/evil.example', 'x-original-host': 'evil.example', 'x-host': 'evil.example' },
]

/** Either the true document or nothing; never one that leads elsewhere, which a cache would give to others. */
function expectUnpoisoned(answer: RawAnswer): void {
  expect(answer.text + JSON.stringify(answer.headers)).not.toContain('evil.example')
  if (answer.status === 200) expect(answer.text).toContain(`"${gateway.publicUrl}`)
  else expect(answer.status).toBe(403)
}

describe.each(documents)('metadata poisoning of %s', (path) => {
  test.each(poisons)('by %o', async (headers) => {
    expectUnpoisoned(await sendRaw(gateway.publicUrl + path, { headers: { ...headers } }))
  })
})

test.each(poisons.slice(1))('challenge poisoning by %o', async (headers) => {
  const answer = await sendRaw(gateway.server('tracker'), { method: 'POST', headers: { ...headers }, body: '{}' })
  expect(answer.status).toBe(401)
  expect(answer.headers['www-authenticate']).toContain(
    `resource_metadata="${gateway.publicUrl}/.well-known/oauth-protected-resource/mcp/tracker"`,
  )
})

test('Host poisoning of a virtual server is refused before its token is looked at', async () => {
  const headers = { host: 'evil.example', authorization: 'Bearer sp_at_x' }
  const answer = await sendRaw(gateway.server('tracker'), { method: 'POST', headers, body: '{}' })
  expect(answer.status).toBe(403)
  expect(answer.headers['www-authenticate']).toBeUndefined()
  const requestId = answer.headers['x-request-id']
  const event = await gateway.waitForEvent((each) => each.requestId === requestId)
  expect(event).toMatchObject({ type: 'mcp_request_rejected', reason: 'host_not_allowed' })
})

test.each(['/mcp', '/mcp/trackers', '/mcp/tracker/x', '/mcp/../etc', '/%2e%2e', ''])(
  'no metadata is made up for %j',
  async (path) => {
    const answer = await sendRaw(`${gateway.publicUrl}/.well-known/oauth-protected-resource${path}`)
    expect(answer.status).toBe(404)
    expect(answer.text).not.toContain('authorization_servers')
  },
)
