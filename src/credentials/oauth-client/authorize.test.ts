import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  resourceMetadataPath,
  type ScriptedSite,
  scriptResource,
  scriptServer,
  serverMetadataPath,
  serveScript,
} from '../../../test/harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  gatewayIdentity,
  openOAuthClient,
  type TestOAuthClient,
} from '../../../test/harness/upstream-oauth-client.ts'
import { sha256 } from '../../lib/hash.ts'
import { Secret } from '../../lib/secret.ts'
import { findMisfit } from '../find-misfit.ts'

let client: TestOAuthClient
let site: ScriptedSite

beforeEach(async () => {
  ;[client, site] = await Promise.all([openOAuthClient(), serveScript()])
  scriptResource(site, [site.origin])
  scriptServer(site)
})
afterEach(() => Promise.all([client.close(), site.close()]))

type Oauth = Parameters<typeof describeOAuthUpstream>[1]
const upstreamWith = (oauth: Oauth = {}) => describeOAuthUpstream(`${site.origin}/mcp`, oauth)

test('the request names all that the specification wants, and keeps the query of the endpoint', async () => {
  scriptServer(site, { authorization_endpoint: `${site.origin}/authorize?tenant=7` })
  const { url, asked, pending } = await beginAt(client, upstreamWith())
  expect(`${url.origin}${url.pathname}`).toBe(`${site.origin}/authorize`)
  expect(Object.fromEntries(asked)).toEqual({
    tenant: '7',
    response_type: 'code',
    client_id: 'client-1',
    redirect_uri: gatewayIdentity.redirectUri,
    state: pending.state,
    code_challenge: sha256(pending.codeVerifier),
    code_challenge_method: 'S256',
    scope: 'read',
    resource: `${site.origin}/mcp`,
  })
  expect(url.href).not.toContain(pending.codeVerifier)
  const again = await beginAt(client, upstreamWith())
  expect(again.pending.codeVerifier).not.toBe(pending.codeVerifier)
})

test('the resource is sent as the upstream writes it, everywhere', async () => {
  const resource = `${site.origin}/`
  scriptResource(site, [site.origin], { resource })
  const upstream = upstreamWith()
  const { asked, pending } = await beginAt(client, upstream)
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  await client.refreshTokens({ tenant: 'default', upstream, credential })
  expect([asked.get('resource'), ...site.to('/token').map(({ form }) => form.get('resource'))]).toEqual([
    resource,
    resource,
    resource,
  ])
  expect(credential.resource).toBe(resource)
})

test.each<[string, Oauth, string | null]>([
  ['omitted', { overrides: { resource: 'omit' } }, null],
  ['replaced', { overrides: { resource: { value: 'api://x' } } }, 'api://x'],
])('the resource is %s where the operator says so', async (_, oauth, expected) => {
  const upstream = upstreamWith(oauth)
  const { asked, pending } = await beginAt(client, upstream)
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  await client.refreshTokens({ tenant: 'default', upstream, credential })
  const sent = [asked.get('resource'), ...site.to('/token').map(({ form }) => form.get('resource'))]
  expect(sent).toEqual([expected, expected, expected])
})

test('the code goes to the token endpoint with its verifier, redirect URI and client', async () => {
  const upstream = upstreamWith()
  const { pending } = await beginAt(client, upstream)
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  const [request] = site.to('/token')
  expect(Object.fromEntries(request?.form ?? [])).toEqual({
    grant_type: 'authorization_code',
    code: 'the-code',
    code_verifier: pending.codeVerifier,
    redirect_uri: gatewayIdentity.redirectUri,
    resource: `${site.origin}/mcp`,
  })
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('client-1:secret-1').toString('base64')}`)
  expect(credential).toMatchObject({ clientId: 'client-1', clientAuthMethod: 'client_secret_basic', scopes: ['read'] })
})

test.each([
  ['', '/'],
  ['/', ''],
])(
  'an issuer named "…%s" whose metadata says "…%s" is the same, and its answer must say what the metadata says',
  async (named, own) => {
    scriptResource(site, [`${site.origin}${named}`])
    const issuer = `${site.origin}${own}`
    scriptServer(site, { issuer, authorization_response_iss_parameter_supported: true })
    const upstream = upstreamWith({ authorizationServer: issuer })
    const { pending } = await beginAt(client, upstream)
    const finish = (iss: string) =>
      client.authorization.finish(upstream, 'default', answerWith(pending, { iss }), pending)
    await expect(finish(`${site.origin}${named}`)).rejects.toMatchObject({ reason: 'credential_issuer_mismatch' })
    const credential = await finish(issuer)
    expect(findMisfit(credential, upstream)).toBeUndefined()
  },
)

test('scopes are joined as the upstream wants them', async () => {
  const { asked } = await beginAt(client, upstreamWith({ scopes: ['a', 'b'], scopeDelimiter: ',' }))
  expect(asked.get('scope')).toBe('a,b')
})

test('no scope is asked for where nobody names one', async () => {
  site.answers.set('/mcp', { status: 401 })
  scriptResource(site, [site.origin], { scopes_supported: undefined })
  site.answers.set('/mcp', { status: 401 })
  expect((await beginAt(client, upstreamWith())).asked.has('scope')).toBe(false)
})

test('a registration says who is calling, and for how long its secret holds', async () => {
  site.answers.set('/register', ({ body }) => ({
    status: 201,
    body: {
      ...(JSON.parse(body) as object),
      client_id: `c${site.to('/register').length}`,
      client_secret: 's',
      client_secret_expires_at: Math.floor((Date.now() + client.skewMs) / 1000) + 3600,
    },
  }))
  const upstream = upstreamWith()
  expect((await beginAt(client, upstream)).asked.get('client_id')).toBe('c1')
  expect(JSON.parse(site.to('/register')[0]?.body ?? '')).toEqual({
    client_name: 'Sallyport (gateway.example)',
    client_uri: 'https://gateway.example',
    redirect_uris: [gatewayIdentity.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'web',
    token_endpoint_auth_method: 'client_secret_basic',
  })
  client.skewMs = 3590_000
  expect((await beginAt(client, upstream)).asked.get('client_id')).toBe('c2')
  expect((await beginAt(client, upstream)).asked.get('client_id')).toBe('c2')
  expect(await client.storage.upstreamClients.list({ limit: 10 })).toHaveLength(1)
})

test('the secret of a registration is stored sealed', async () => {
  await beginAt(client, upstreamWith())
  const stored = await client.storage.upstreamClients.list({ limit: 10 })
  expect(stored).toHaveLength(1)
  expect(JSON.stringify(stored)).not.toContain('secret-1')
})

test("a program on the person's computer is registered as such, for its own address", async () => {
  const redirectUri = 'http://127.0.0.1:49152/callback'
  const upstream = upstreamWith()
  scriptServer(site, { client_id_metadata_document_supported: true })
  const { asked, pending } = await beginAt(client, upstream, { redirectUri })
  expect(asked.get('redirect_uri')).toBe(redirectUri)
  expect(JSON.parse(site.to('/register')[0]?.body ?? '')).toMatchObject({
    application_type: 'native',
    redirect_uris: [redirectUri],
  })
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    accessToken: 'access-2',
  })
})

test('a server that gives a secret to a client without one is shown it', async () => {
  scriptServer(site, { token_endpoint_auth_methods_supported: ['none'] })
  site.answers.set('/register', {
    status: 201,
    body: { client_id: 'c', client_secret: 's', token_endpoint_auth_method: 'none' },
  })
  const upstream = upstreamWith()
  const { pending } = await beginAt(client, upstream)
  await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(Object.fromEntries(site.to('/token')[0]?.form ?? [])).toMatchObject({ client_id: 'c', client_secret: 's' })
})

test('the client document is presented only where a server could fetch it', async () => {
  scriptServer(site, { client_id_metadata_document_supported: true })
  const ours = await beginAt(client, upstreamWith())
  expect(ours.asked.get('client_id')).toBe('https://gateway.example/.well-known/oauth-client/tracker')
  const local = client.open({ publicUrl: 'http://127.0.0.1:8787' })
  expect((await beginAt(local, upstreamWith())).asked.get('client_id')).toBe('client-1')
  const unseen = await beginAt(client, upstreamWith({ registersAlways: true }))
  expect(unseen.asked.get('client_id')).toBe('client-1')
  const other = client.open({ clientDocumentUrl: 'https://elsewhere.example/client.json' })
  expect((await beginAt(other, upstreamWith())).asked.get('client_id')).toBe('https://elsewhere.example/client.json')
})

test('the client of the operator goes before everything, and its secret may change', async () => {
  scriptServer(site, {
    client_id_metadata_document_supported: true,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  })
  const settings = (secret: string) => upstreamWith({ client: { clientId: 'ours', clientSecret: new Secret(secret) } })
  const { pending } = await beginAt(client, settings('old'))
  const credential = await client.authorization.finish(settings('old'), 'default', answerWith(pending), pending)
  await client.refreshTokens({ tenant: 'default', upstream: settings('new'), credential })
  expect(site.to('/token').map(({ form }) => form.get('client_secret'))).toEqual(['old', 'new'])
  expect(site.to('/register')).toEqual([])
  site.answers.set('/token', { status: 401, body: { error: 'invalid_client' } })
  const refused = await client.refreshTokens({ tenant: 'default', upstream: settings('wrong'), credential })
  expect(refused).toMatchObject({ reason: 'credential_client_rejected' })
  const other = upstreamWith({ client: { clientId: 'another', clientSecret: new Secret('s') } })
  const stranger = await client.refreshTokens({ tenant: 'default', upstream: other, credential })
  expect(stranger).toMatchObject({ reason: 'connection_reconsent_required' })
})

test('an upstream without any metadata has its endpoints at the places of 2025-03-26', async () => {
  site.answers.set('/mcp', { status: 401 })
  site.answers.delete(resourceMetadataPath)
  site.answers.delete(serverMetadataPath)
  const upstream = upstreamWith()
  const { url, asked, pending } = await beginAt(client, upstream)
  expect(`${url.origin}${url.pathname}`).toBe(`${site.origin}/authorize`)
  expect(asked.has('resource')).toBe(false)
  await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(site.to('/token')).toHaveLength(1)
})

test('an upstream that asks nobody for a token has no server to sign in at', async () => {
  site.answers.set('/mcp', { body: { jsonrpc: '2.0', id: 1, result: {} } })
  site.answers.delete(resourceMetadataPath)
  site.answers.delete(serverMetadataPath)
  await expect(beginAt(client, upstreamWith())).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
})

test('of several servers the first is used, or the one that the operator names', async () => {
  const second = await serveScript()
  try {
    scriptServer(second)
    scriptResource(site, [site.origin, second.origin])
    expect((await beginAt(client, upstreamWith())).url.origin).toBe(site.origin)
    expect((await beginAt(client, upstreamWith({ authorizationServer: second.origin }))).url.origin).toBe(second.origin)
    expect(await client.storage.upstreamClients.list({ limit: 10 })).toHaveLength(2)
  } finally {
    await second.close()
  }
})

test('the metadata is read where the operator says', async () => {
  site.answers.set('/elsewhere', { body: { resource: site.origin, authorization_servers: [site.origin] } })
  const upstream = upstreamWith({ protectedResourceMetadataUrl: `${site.origin}/elsewhere` })
  expect((await beginAt(client, upstream)).asked.get('resource')).toBe(site.origin)
  expect(site.to(resourceMetadataPath)).toEqual([])
})

test('people who set out at once share one look, later ones meet the server of then', async () => {
  const upstream = upstreamWith()
  await Promise.all([beginAt(client, upstream), beginAt(client, upstream), beginAt(client, upstream)])
  expect(site.to(serverMetadataPath)).toHaveLength(1)
  client.skewMs = 31_000
  await beginAt(client, upstream)
  expect(site.to(serverMetadataPath)).toHaveLength(2)
})

test('a failure is not remembered', async () => {
  site.answers.set(serverMetadataPath, { status: 503 })
  const upstream = upstreamWith()
  await expect(beginAt(client, upstream)).rejects.toMatchObject({ reason: 'credential_provider_unreachable' })
  scriptServer(site)
  await expect(beginAt(client, upstream)).resolves.toBeDefined()
})
