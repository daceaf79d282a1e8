import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UpstreamOAuth } from '../../src/contracts/upstream.ts'
import type { OAuthCredential } from '../../src/credentials/connections.ts'
import { findMisfit } from '../../src/credentials/find-misfit.ts'
import { Secret } from '../../src/lib/secret.ts'
import { describeServer, type ScriptedAnswer, type ScriptedSite, serveScript } from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

// Authorization servers that behave as vendors were reported to, reached with what their entry in the catalogue says. Two sites stand for the hosts of a vendor: `mcp` for its
// endpoint, `as` for its authorization server.
let client: TestOAuthClient
let mcp: ScriptedSite
let as: ScriptedSite

beforeEach(async () => {
  ;[client, mcp, as] = await Promise.all([openOAuthClient(), serveScript(), serveScript()])
})
afterEach(() => Promise.all([client.close(), mcp.close(), as.close()]))

interface CatalogOAuth {
  readonly kind: string
  readonly registration: string
  readonly authorizationServer?: string
  readonly scopes?: readonly string[]
  readonly overrides?: {
    readonly allowIssuerMismatch?: boolean
    readonly assumePkce?: boolean
    readonly resource?: string
  }
}

/** The upstream as `sallyport add` would write it, with the hosts of the test in the place of those of the vendor. */
async function describeEntry(id: string) {
  const text = await readFile(join(import.meta.dirname, `../../catalog/${id}.json`), 'utf8')
  const entry = JSON.parse(text) as { readonly url: string; readonly auth: readonly CatalogOAuth[] }
  const auth = entry.auth.find(({ kind }) => kind === 'oauth')
  if (auth === undefined) throw new Error(`${id} has no OAuth`)
  const endpoint = new URL(entry.url)
  const here = (text: string) => text.replace(endpoint.origin, mcp.origin)
  const { resource, ...checks } = auth.overrides ?? {}
  const server = auth.authorizationServer && new URL(auth.authorizationServer)
  const oauth: Partial<Omit<UpstreamOAuth, 'overrides'>> & { overrides: Partial<UpstreamOAuth['overrides']> } = {
    scopes: auth.scopes ?? [],
    authorizationServer: server ? `${as.origin}${server.pathname.replace(/\/$/, '')}` : undefined,
    client: auth.registration === 'manual' ? { clientId: 'ours', clientSecret: new Secret('our-secret') } : undefined,
    overrides: {
      ...checks,
      ...(resource !== undefined && { resource: resource === 'omit' ? 'omit' : { value: here(resource) } }),
    },
  }
  return describeOAuthUpstream(mcp.origin + endpoint.pathname, oauth)
}

function serveResource(path: string, document: object): void {
  const place = `/.well-known/oauth-protected-resource${path}`
  mcp.answers.set(path === '' ? '/' : path, {
    status: 401,
    headers: { 'www-authenticate': `Bearer resource_metadata="${mcp.origin}${place}"` },
  })
  mcp.answers.set(place, { body: document })
}

function serveServer(path: string, change: object, token: ScriptedAnswer): void {
  as.answers.set(`/.well-known/oauth-authorization-server${path}`, { body: describeServer(as.origin, change) })
  as.answers.set('/register', ({ body }) => ({
    status: 201,
    body: { ...(JSON.parse(body) as object), client_id: 'registered', client_secret: 'their-secret' },
  }))
  as.answers.set('/token', token)
}

const tokenOf = (change: object = {}) => ({
  body: { access_token: 'theirs', refresh_token: 'again', token_type: 'bearer', expires_in: 3600, ...change },
})

async function connect(id: string) {
  const upstream = await describeEntry(id)
  const { asked, pending } = await beginAt(client, upstream)
  const credential: OAuthCredential = await client.authorization.finish(
    upstream,
    'default',
    answerWith(pending),
    pending,
  )
  expect(findMisfit(credential, upstream)).toBeUndefined()
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    accessToken: 'theirs',
  })
  return { upstream, asked, credential }
}

test.each(['', '/'])('Stripe: an endpoint without a path, whose resource ends with "%s"', async (end) => {
  mcp.answers.set('/', { status: 401, headers: { 'www-authenticate': 'Bearer' } })
  mcp.answers.set('/.well-known/oauth-protected-resource', {
    body: { resource: `${mcp.origin}${end}`, authorization_servers: [`${as.origin}/mcp`] },
  })
  serveServer('/mcp', { issuer: `${as.origin}/mcp` }, tokenOf())
  expect((await connect('stripe')).asked.get('resource')).toBe(`${mcp.origin}${end}`)
})

test('GitHub: a manual client, a slash at the end, errors with 200, scopes with commas, tokens that never end', async () => {
  const issuer = `${as.origin}/login/oauth`
  serveResource('/mcp/', {
    resource: `${mcp.origin}/mcp/`,
    authorization_servers: [issuer],
    scopes_supported: ['repo', 'gist'],
  })
  const metadata = { issuer, registration_endpoint: undefined, token_endpoint_auth_methods_supported: undefined }
  serveServer('/login/oauth', metadata, tokenOf({ scope: 'gist,repo', expires_in: undefined }))
  const { upstream, asked, credential } = await connect('github')
  expect([asked.get('client_id'), asked.get('scope')]).toEqual(['ours', 'repo gist'])
  expect(credential).toMatchObject({ scopes: ['gist', 'repo'], expiresAtMs: undefined })
  as.answers.set('/token', {
    body: { error: 'bad_refresh_token', error_description: 'The refresh token is incorrect or expired.' },
  })
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    reason: 'connection_reconsent_required',
  })
})

test('Slack: metadata with another issuer, scopes with commas, tokens of type "user", errors with 200', async () => {
  serveResource('/mcp', { resource: `${mcp.origin}/mcp`, authorization_servers: [as.origin] })
  const metadata = { issuer: 'https://slack.example', token_endpoint_auth_methods_supported: ['client_secret_post'] }
  serveServer('', metadata, tokenOf({ ok: true, token_type: 'user', scope: 'chat:write,channels:history' }))
  const { upstream, asked, credential } = await connect('slack')
  expect(asked.get('scope')).toContain('chat:write')
  expect(credential.scopes).toEqual(['chat:write', 'channels:history'])
  expect(as.to('/token')[0]?.form.get('client_secret')).toBe('our-secret')
  as.answers.set('/token', { body: { ok: false, error: 'token_revoked' } })
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    reason: 'connection_reconsent_required',
  })
})

test('Granola: a resource that is the origin with a slash, and a server of its own', async () => {
  serveResource('/mcp', { resource: `${mcp.origin}/`, authorization_servers: [as.origin] })
  serveServer('', {}, tokenOf())
  const { asked } = await connect('granola')
  expect([asked.get('resource'), asked.get('scope'), asked.get('prompt')]).toEqual([
    `${mcp.origin}/`,
    'offline_access',
    'consent',
  ])
})

test('HubSpot: a manual client, and refusals in words of its own', async () => {
  serveResource('', { resource: mcp.origin, authorization_servers: [as.origin] })
  serveServer(
    '',
    { registration_endpoint: undefined, token_endpoint_auth_methods_supported: ['client_secret_post'] },
    tokenOf(),
  )
  mcp.answers.set('/.well-known/oauth-protected-resource', {
    body: { resource: mcp.origin, authorization_servers: [as.origin] },
  })
  const { upstream, credential } = await connect('hubspot')
  const refusal = { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token', correlationId: '1' }
  as.answers.set('/token', { status: 400, body: refusal })
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    reason: 'credential_refresh_refused',
    details: { detail: expect.stringContaining('BAD_REFRESH_TOKEN') as string },
  })
})

test('Asana: a resource above the endpoint', async () => {
  serveResource('/v2/mcp', { resource: `${mcp.origin}/v2`, authorization_servers: [as.origin] })
  serveServer('', { registration_endpoint: undefined }, tokenOf({ data: { id: 7 } }))
  const { asked } = await connect('asana')
  expect([asked.get('resource'), asked.get('scope')]).toEqual([`${mcp.origin}/v2`, 'default'])
})

test('Figma: Forbidden for whom it does not know, and a secret for a client that asked for none', async () => {
  serveResource('/mcp', { resource: `${mcp.origin}/mcp`, authorization_servers: [as.origin] })
  serveServer('', { token_endpoint_auth_methods_supported: ['none'] }, tokenOf())
  const register = as.answers.get('/register') ?? {}
  as.answers.set('/register', { status: 403, body: 'Forbidden' })
  await expect(connect('figma')).rejects.toMatchObject({ reason: 'credential_registration_refused' })
  as.answers.set('/register', register)
  await connect('figma')
  expect(as.to('/token')[0]?.form.get('client_secret')).toBe('their-secret')
})

test('Google: an issuer that its resources write with a slash', async () => {
  serveResource('/mcp/v1', { resource: `${mcp.origin}/mcp/v1`, authorization_servers: [`${as.origin}/`] })
  as.answers.set('/.well-known/openid-configuration', {
    body: describeServer(as.origin, { registration_endpoint: undefined }),
  })
  as.answers.set('/token', tokenOf())
  const manual = { clientId: 'ours', clientSecret: new Secret('our-secret') }
  const upstream = describeOAuthUpstream(`${mcp.origin}/mcp/v1`, { client: manual })
  const { pending } = await beginAt(client, upstream)
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(findMisfit(credential, upstream)).toBeUndefined()
})

test('Entra: metadata behind the path, no word of PKCE, no resource parameter, and interaction required', async () => {
  const issuer = `${as.origin}/tenant/v2.0`
  serveResource('/mcp', { resource: `${mcp.origin}/mcp`, authorization_servers: [issuer] })
  const metadata = { issuer, registration_endpoint: undefined, code_challenge_methods_supported: undefined }
  as.answers.set('/tenant/v2.0/.well-known/openid-configuration', { body: describeServer(as.origin, metadata) })
  as.answers.set('/token', tokenOf())
  const upstream = describeOAuthUpstream(`${mcp.origin}/mcp`, {
    client: { clientId: 'ours', clientSecret: new Secret('our-secret') },
    scopes: ['api://app/.default', 'offline_access'],
    overrides: { assumePkce: true, resource: 'omit' },
  })
  const { asked, pending } = await beginAt(client, upstream)
  expect([asked.get('resource'), asked.get('code_challenge_method')]).toEqual([null, 'S256'])
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  as.answers.set('/token', { status: 400, body: { error: 'interaction_required', error_codes: [50_076] } })
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    reason: 'connection_reconsent_required',
  })
  expect(findMisfit(credential, upstream)).toBeUndefined()
})

test('Atlassian: an issuer whose metadata names it without its path', async () => {
  serveResource('/v1/mcp/authv2', {
    resource: `${mcp.origin}/v1/mcp/authv2`,
    authorization_servers: [`${as.origin}/VCeDsk8Z`],
  })
  serveServer('/VCeDsk8Z', { authorization_response_iss_parameter_supported: false }, tokenOf())
  const { credential } = await connect('atlassian')
  expect(credential.issuer).toBe(`${as.origin}/VCeDsk8Z`)
})
