import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'

// A token that its issuer bound to a key was stolen, and is presented as if it were a bearer token.
let upstream: EchoUpstream
let issuer: JwtIssuer
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startEchoUpstream()
  issuer = await startJwtIssuer()
  gateway = await startTestGateway({
    servers: { tracker: { upstream: upstream.url, inbound: ['tokens'] } },
    policies: { tokens: ['open-id-jwt-auth-inbound', { issuer: issuer.url, audience: 'gateway' }] },
  })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), issuer.close()])
})

const listTools = (token: string) => postModern(gateway.server('tracker'), token, 'tools/list', {})

test.each([
  ['DPoP', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
  ['mTLS', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
])('a stolen token of %s is refused as a bearer token, and the answer says why', async (_kind, cnf) => {
  expect((await listTools(await issuer.sign())).status).toBe(200)
  const before = upstream.requests.length
  const answer = await listTools(await issuer.sign({ cnf }))
  expect(answer.status).toBe(401)
  expect(answer.message?.error?.data?.reason).toBe('token_key_bound')
  expect(answer.headers['www-authenticate']).toContain('bound to a key')
  expect(upstream.requests).toHaveLength(before)
  const event = await gateway.waitForEvent((each) => each.reason === 'token_key_bound')
  expect(event).toMatchObject({ type: 'mcp_request_rejected', outcome: 'denied', httpStatus: 401 })
})
