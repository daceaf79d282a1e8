import { generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ScriptedSite, scriptServer, serveScript } from '../../../test/harness/scripted-upstream.ts'
import { describeOAuthUpstream } from '../../../test/harness/upstream-oauth-client.ts'
import type { ClientAuthentication } from '../../contracts/upstream.ts'
import { Secret } from '../../lib/secret.ts'
import { chooseAuthMethod } from './authenticate-client.ts'
import { createRequestToken, type RequestToken } from './token-request.ts'
import { createUpstreamDoors } from './upstream-door.ts'

const now = 1_800_000_000_000
let site: ScriptedSite
let requestToken: RequestToken

beforeEach(async () => {
  site = await serveScript()
  scriptServer(site)
  requestToken = createRequestToken(createUpstreamDoors('dev'), () => now)
})
afterEach(() => site.close())

async function send(client: ClientAuthentication, change: object = {}) {
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const tokenEndpoint = `${site.origin}/token`
  const parameters = { grant_type: 'client_credentials', scope: undefined, resource: 'https://up.example/mcp' }
  const outcome = await requestToken({ upstream, tokenEndpoint, client, parameters, ...change })
  const [request] = site.to('/token')
  if (request === undefined) throw new Error('nothing was sent')
  return { outcome, request, form: Object.fromEntries(request.form) }
}

const clientSecret = new Secret('p@ss:wörd %+')

test('a form is posted, without what is not known', async () => {
  const { request, form, outcome } = await send({ method: 'none', clientId: 'gw' })
  expect(request).toMatchObject({
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/),
    },
  })
  expect(form).toEqual({ grant_type: 'client_credentials', resource: 'https://up.example/mcp', client_id: 'gw' })
  expect(outcome).toMatchObject({ accessToken: 'access-1', expiresAtMs: now + 60_000 })
})

test('id and secret are encoded before they are joined (RFC 6749 §2.3.1)', async () => {
  const { request, form } = await send({ method: 'client_secret_basic', clientId: 'g:w', clientSecret })
  const [id, secret] = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64')
    .toString()
    .split(':')
  const decode = (text = '') => new URLSearchParams(`x=${text}`).get('x')
  expect([decode(id), decode(secret)]).toEqual(['g:w', clientSecret.reveal()])
  expect(form).not.toHaveProperty('client_secret')
})

test('the secret is in the form only where it belongs there', async () => {
  const { request, form } = await send({ method: 'client_secret_post', clientId: 'gw', clientSecret })
  expect(form).toMatchObject({ client_id: 'gw', client_secret: clientSecret.reveal() })
  expect(request.headers.authorization).toBeUndefined()
})

test.each(['RS256', 'ES256', 'ES512'] as const)('an assertion signed with %s', async (algorithm) => {
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-521' })
  const privateKeyPem = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const client = {
    method: 'private_key_jwt',
    clientId: 'gw',
    privateKeyPem,
    algorithm,
    keyId: 'k1',
    expiresInSeconds: 120,
  } as const
  const { form } = await send(client)
  expect(form['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  const options = { issuer: 'gw', subject: 'gw', audience: `${site.origin}/token`, algorithms: [algorithm] }
  const { payload, protectedHeader } = await jwtVerify(form['client_assertion'] ?? '', publicKey, options)
  expect(protectedHeader.kid).toBe('k1')
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(120)
  expect(payload.jti).toEqual(expect.any(String))
})

test('an assertion for another audience', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateKeyPem = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const shape = {
    method: 'private_key_jwt',
    clientId: 'gw',
    privateKeyPem,
    algorithm: 'ES256',
    expiresInSeconds: 60,
  } as const
  const { form } = await send({ ...shape, audience: 'https://as.example' })
  const [, payload = ''] = (form['client_assertion'] ?? '').split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ aud: 'https://as.example' })
})

test.each<[object, object]>([
  [{ expires_in: '120' }, { expiresAtMs: now + 120_000 }],
  [{ expires_in: null }, { expiresAtMs: undefined }],
  [{ token_type: 'bearer', scope: 'a b  a' }, { scopes: ['a', 'b'] }],
  [{ scope: '' }, { scopes: undefined }],
  [{ scope: 'repo,read:org' }, { scopes: ['repo', 'read:org'] }],
  [{ token_type: 'user' }, { scopes: undefined }],
  [{ refresh_token: '' }, { refreshToken: undefined }],
  [{ expires_in: 1e12 }, { expiresAtMs: now + 10 * 365 * 86_400_000 }],
])('an answer with %j', async (change, expected) => {
  site.answers.set('/token', { body: { access_token: 't', token_type: 'Bearer', ...change } })
  const { outcome } = await send({ method: 'none', clientId: 'gw' })
  expect(outcome).toMatchObject({ accessToken: 't', ...expected })
})

test('scopes are split where the upstream splits them', async () => {
  site.answers.set('/token', { body: { access_token: 't', token_type: 'Bearer', scope: 'repo,gist user' } })
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`, { scopeDelimiter: ',' })
  const { outcome } = await send({ method: 'none', clientId: 'gw' }, { upstream })
  expect(outcome).toMatchObject({ scopes: ['repo', 'gist', 'user'] })
})

test('what is no access token is taken only where it is asked for', async () => {
  site.answers.set('/token', {
    body: {
      access_token: 'assertion',
      token_type: 'N_A',
      issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    },
  })
  expect((await send({ method: 'none', clientId: 'gw' })).outcome).toMatchObject({
    reason: 'credential_response_invalid',
  })
  const { outcome } = await send({ method: 'none', clientId: 'gw' }, { tokenType: 'N_A' })
  expect(outcome).toMatchObject({
    accessToken: 'assertion',
    issuedTokenType: expect.stringContaining('id-jag') as string,
  })
})

test.each<[string[] | undefined, boolean, string]>([
  [undefined, true, 'client_secret_basic'],
  [['client_secret_post', 'client_secret_basic'], true, 'client_secret_basic'],
  [['client_secret_post'], true, 'client_secret_post'],
  [['none'], true, 'client_secret_basic'],
  [['client_secret_post'], false, 'none'],
])('offered %j, with a secret: %s → %s', (offered, hasSecret, method) => {
  expect(chooseAuthMethod(offered, hasSecret)).toBe(method)
})
