import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let issuer: JwtIssuer
let gateway: TestGateway
let key: string
let token: string
beforeAll(async () => {
  upstream = await startEchoUpstream()
  issuer = await startJwtIssuer()
  const forwardHeaders = ['x-api-key', 'x-token', 'x-other']
  const route = (...inbound: string[]) => ({ upstream: upstream.url, inbound, forwardHeaders })
  gateway = await startTestGateway({
    servers: { tracker: route('sign-in', 'keys', 'jwt'), keys: route('keys') },
    policies: {
      ...signIn(),
      keys: ['api-key-inbound', { authHeader: 'x-api-key' }],
      jwt: ['open-id-jwt-auth-inbound', { issuer: issuer.url, audience: 'gateway', authHeader: 'x-token' }],
    },
  })
  key = (JSON.parse((await runCli('keys', 'create', 'billing', gateway.directory, '--json')).out) as { key: string })
    .key
  token = (await obtainToken(gateway.publicUrl, gateway.server('tracker'))).accessToken
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), issuer.close()])
})

/** What the upstream received of the headers that the route forwards. */
async function forwarded(server: string, headers: { [name: string]: string }) {
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  const answer = await postRaw(gateway.server(server), list, headers)
  expect(answer.status).toBe(200)
  const received = upstream.requests.at(-1)?.headers
  return [received?.['x-api-key'], received?.['x-token'], received?.['x-other']]
}

test('stealing an API key: an upstream receives none, whichever header it is in and whoever else is admitted', async () => {
  const authorization = `Bearer ${token}`
  expect(await forwarded('keys', { 'x-api-key': key })).toEqual([undefined, undefined, undefined])
  expect(await forwarded('tracker', { authorization, 'x-api-key': key })).toEqual([undefined, undefined, undefined])
  const hidden = { authorization, 'x-api-key': 'of-the-upstream', 'x-other': `Key ${key}` }
  expect(await forwarded('tracker', hidden)).toEqual(['of-the-upstream', undefined, undefined])
})

test('stealing a JWT: an upstream does not receive one that was made for the gateway beside another credential', async () => {
  const jwt = `Bearer ${await issuer.sign()}`
  expect(await forwarded('tracker', { 'x-token': jwt })).toEqual([undefined, undefined, undefined])
  const both = { authorization: `Bearer ${token}`, 'x-token': jwt, 'x-other': 'kept' }
  expect(await forwarded('tracker', both)).toEqual([undefined, undefined, 'kept'])
})
