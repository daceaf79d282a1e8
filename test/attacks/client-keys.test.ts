import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OAuthRecords } from '../../src/contracts/storage.ts'
import { createFetchDocument } from '../../src/http/fetch-document.ts'
import { randomId } from '../../src/lib/random-id.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  redeemCode,
  registerClient,
  sendJson,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { type DocumentServer, serveDocuments, testCertificate } from '../harness/document-server.ts'

let site: DocumentServer
let running: RunningAuthorizationServer
const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] }

beforeAll(async () => {
  site = await serveDocuments((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(request.url === '/jwks' ? keys : documentAt(request.url ?? '')))
  })
  const fetchDocument = createFetchDocument({
    lookup: (name, callback) => {
      callback(null, [{ address: name === 'inside.example' ? '10.0.0.1' : '127.0.0.1', family: 4 }])
    },
    certificateAuthority: testCertificate,
    allowAddress: (address) => address === '127.0.0.1',
  })
  // A store that takes its time, as one on another machine does: between looking and writing there is room for another request.
  const wrapRecords = (records: OAuthRecords): OAuthRecords => ({
    ...records,
    find: async (...parts) => {
      const found = await records.find(...parts)
      await delay(3)
      return found
    },
  })
  running = await startAuthorizationServer({ fetchDocument, wrapRecords })
})
afterAll(async () => {
  await running.close()
  await site.close()
})

const at = (path: string, host = 'client.example') => `https://${host}:${site.port}${path}`

/** `/embedded` carries its keys, `/linked` names their address, `/inside` an address that is not public. */
function documentAt(path: string): object {
  const links: { readonly [path: string]: object } = {
    '/embedded': { jwks: keys },
    '/linked': { jwks_uri: at('/jwks') },
    '/inside': { jwks_uri: at('/jwks', 'inside.example') },
  }
  const greedy = { grant_types: ['client_credentials', 'authorization_code'], sallyport_servers: ['*'] }
  const named = { ...greedy, client_id: at(path), client_name: 'Site', redirect_uris: ['http://127.0.0.1/callback'] }
  return { ...named, token_endpoint_auth_method: 'private_key_jwt', ...links[path] }
}

async function redeem(clientId: string, assertion: string | undefined) {
  const asked = buildAuthorization(running.url, clientId)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const form = assertion === undefined ? {} : { client_assertion: assertion, client_assertion_type }
  return redeemCode(running.url, asked, redirect, form)
}

const claimsOf = (clientId: string) => {
  const seconds = Math.floor(Date.now() / 1000)
  return { iss: clientId, sub: clientId, aud: running.url, jti: randomId(), iat: seconds, exp: seconds + 60 }
}

function signAssertion(claims: object, key: KeyObject, header: object = { alg: 'ES256', kid: 'one' }): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

test.each(['/embedded', '/linked'])('a client that signs gets its tokens: %s', async (path) => {
  const clientId = at(path)
  expect((await redeem(clientId, signAssertion(claimsOf(clientId), own.privateKey))).status).toBe(200)
})

const forgeries: { readonly [name: string]: (clientId: string) => string | undefined } = {
  'no assertion': () => undefined,
  'the key of somebody else': (clientId) => signAssertion(claimsOf(clientId), foreign.privateKey),
  'an assertion for another server': (clientId) =>
    signAssertion({ ...claimsOf(clientId), aud: 'https://evil.example' }, own.privateKey),
  'an assertion that has expired': (clientId) =>
    signAssertion({ ...claimsOf(clientId), exp: Math.floor(Date.now() / 1000) - 120 }, own.privateKey),
  'an assertion without an id': (clientId) => signAssertion({ ...claimsOf(clientId), jti: undefined }, own.privateKey),
  'an algorithm that is none': (clientId) => signAssertion(claimsOf(clientId), own.privateKey, { alg: 'none' }),
  'the public key as shared secret': (clientId) =>
    signAssertion(claimsOf(clientId), own.privateKey, { alg: 'HS256', kid: 'one' }),
}

test.each(Object.entries(forgeries))('client authentication with %s', async (_, forge) => {
  const clientId = at('/embedded')
  const answer = await redeem(clientId, forge(clientId))
  expect(answer.status).toBe(401)
  expect(answer.body).toMatchObject({ error: 'invalid_client', reason: 'client_unauthenticated' })
  const event = running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
  expect(event).toMatchObject({ type: 'auth_token_rejected', reason: 'client_unauthenticated' })
})

test('client confusion: the assertion of one client and the id of another', async () => {
  const clientId = at('/embedded')
  const claims = { ...claimsOf(clientId), sub: at('/other'), iss: at('/other') }
  const answer = await redeem(clientId, signAssertion(claims, own.privateKey))
  expect(answer.body).toMatchObject({ error: 'invalid_request', reason: 'grant_request_invalid' })
})

test('privilege escalation: only the operator makes clients that call on their own behalf', async () => {
  const form = (clientId: string) => ({
    grant_type: 'client_credentials',
    resource: `${running.url}/mcp/tracker`,
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: signAssertion(claimsOf(clientId), own.privateKey),
  })
  const registered = await registerClient(running.url, documentAt('/embedded'))
  for (const clientId of [at('/embedded'), String(registered.body['client_id'])]) {
    const answer = await sendJson(`${running.url}/oauth/token`, { form: form(clientId) })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error: 'unauthorized_client' })
    const event = running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
    expect(event).toMatchObject({ type: 'auth_token_rejected', outcome: 'failure' })
  }
})

test('an assertion is good for one request', async () => {
  const clientId = at('/embedded')
  const assertion = signAssertion(claimsOf(clientId), own.privateKey)
  expect((await redeem(clientId, assertion)).status).toBe(200)
  expect((await redeem(clientId, assertion)).body).toMatchObject({ error: 'invalid_client' })
})

test('SSRF: keys at an address that is not public are not fetched, for documents and registrations alike', async () => {
  const registered = await registerClient(running.url, documentAt('/inside'))
  expect(registered.status).toBe(201)
  for (const clientId of [at('/inside'), String(registered.body['client_id'])]) {
    site.requests.length = 0
    const answer = await redeem(clientId, signAssertion(claimsOf(clientId), own.privateKey))
    expect(answer.body).not.toHaveProperty('access_token')
    expect(answer.body['error']).toMatch(/^invalid_client/)
    expect(site.requests).not.toContain('/jwks')
    expect(JSON.stringify(answer.body)).not.toContain('10.0.0.1')
    const event = running.events.findLast(({ requestId }) => requestId === answer.headers['x-request-id'])
    expect(event).toMatchObject({ type: 'auth_token_rejected', outcome: 'failure' })
    expect(event?.detail).toContain('not public')
  }
})

/** Token requests that are authenticated get past 401, whatever becomes of their code. */
async function countAuthenticated(servers: readonly RunningAuthorizationServer['url'][], assertion: string) {
  const form = {
    grant_type: 'authorization_code',
    code: 'none',
    redirect_uri: 'http://127.0.0.1/callback',
    code_verifier: 'a'.repeat(43),
    client_id: at('/embedded'),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
  const answers = await Promise.all(servers.map((url) => sendJson(`${url}/oauth/token`, { form })))
  for (const { status, body } of answers) {
    expect([status, body['error']]).toEqual(status === 401 ? [401, 'invalid_client'] : [400, 'invalid_grant'])
  }
  return answers.filter(({ status }) => status !== 401).length
}

const freshAssertion = (changes: object = {}) =>
  signAssertion({ ...claimsOf(at('/embedded')), ...changes }, own.privateKey)

test('assertion replay: of many requests with one assertion, sent at once, one is authenticated', async () => {
  expect(await countAuthenticated(Array(12).fill(running.url), freshAssertion())).toBe(1)
})

test('assertion replay: later, and after a restart, it is used up', async () => {
  const assertion = freshAssertion()
  expect(await countAuthenticated([running.url], assertion)).toBe(1)
  expect(await countAuthenticated([running.url], assertion)).toBe(0)
  await running.restart()
  expect(await countAuthenticated([running.url], assertion)).toBe(0)
  expect(await countAuthenticated([running.url], freshAssertion())).toBe(1)
})

test('assertion replay: one store, two gateways at once', async () => {
  const second = await running.startSecond()
  try {
    for (let n = 0; n < 5; n++) {
      const servers = [running.url, second.url, running.url, second.url]
      expect(await countAuthenticated(servers, freshAssertion())).toBe(1)
    }
  } finally {
    await second.close()
  }
})

test('assertion replay: an assertion that holds for years is not kept, so it is not taken', async () => {
  const seconds = Math.floor(Date.now() / 1000)
  const before = await running.storage.oauth.count('ReplayDetection')
  expect(await countAuthenticated([running.url], freshAssertion({ exp: seconds + 10 * 365 * 86_400 }))).toBe(0)
  expect(await running.storage.oauth.count('ReplayDetection')).toBe(before)
})
