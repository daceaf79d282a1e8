import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/lib/secret.ts'
import {
  resourceMetadataPath,
  type ScriptedSite,
  scriptResource,
  scriptServer,
  serveScript,
} from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let site: ScriptedSite
let next: ScriptedSite

beforeEach(async () => {
  ;[client, site, next] = await Promise.all([openOAuthClient(), serveScript(), serveScript()])
  scriptResource(site, [site.origin])
  scriptServer(site)
  scriptServer(next)
})
afterEach(() => Promise.all([client.close(), site.close(), next.close()]))

const upstreamOf = (
  ...change: Parameters<typeof describeOAuthUpstream> extends [string, ...infer Rest] ? Rest : never
) => describeOAuthUpstream(`${site.origin}/mcp`, ...change)

async function connect(upstream: ReturnType<typeof upstreamOf>) {
  const { pending } = await beginAt(client, upstream)
  return client.authorization.finish(upstream, 'default', answerWith(pending), pending)
}

describe('when the upstream names another authorization server', () => {
  test('that one sees nothing of the tokens and the registration of the first', async () => {
    const upstream = upstreamOf()
    const credential = await connect(upstream)
    scriptResource(site, [next.origin])
    client.discovery.forget(upstream)
    const refreshed = await client.refreshTokens({ tenant: 'default', upstream, credential })
    expect(refreshed).toMatchObject({ accessToken: expect.anything() })
    expect(await client.authorization.revoke(upstream, 'default', credential)).toBe(false)
    const { asked } = await beginAt(client, upstream)
    expect(next.to('/register')).toHaveLength(1)
    expect(asked.get('state')).not.toBeNull()
    const seen = JSON.stringify(next.requests)
    for (const secret of [credential.accessToken, credential.refreshToken ?? '-', 'secret-1'])
      expect(seen).not.toContain(secret)
    expect(await client.storage.upstreamClients.list({ limit: 10 })).toHaveLength(2)
  })

  test('nor the secret of the operator, who did not say where the client belongs', async () => {
    const client1 = { clientId: 'ours', clientSecret: new Secret('manual-secret') }
    await connect(upstreamOf({ client: client1 }))
    scriptResource(site, [next.origin])
    await expect(beginAt(client.open(), upstreamOf({ client: client1 }))).rejects.toMatchObject({
      reason: 'credential_issuer_mismatch',
      details: { detail: expect.stringContaining('Set authorizationServer') as string },
    })
    expect(next.to('/token')).toEqual([])
    const another = { clientId: 'another', clientSecret: new Secret('another-secret') }
    for (const oauth of [{ client: another }, { client: client1, authorizationServer: next.origin }])
      await expect(beginAt(client, upstreamOf(oauth))).resolves.toBeDefined()
    scriptResource(site, [site.origin])
    for (const spelling of [site.origin, `${site.origin}/`]) {
      scriptResource(site, [spelling])
      await expect(beginAt(client.open(), upstreamOf({ client: client1 }))).resolves.toBeDefined()
    }
  })

  test('a client of the operator for the first one is not shown to it', async () => {
    const manual = { clientId: 'ours', clientSecret: new Secret('manual-secret') }
    const upstream = upstreamOf({ client: manual, authorizationServer: site.origin })
    await connect(upstream)
    scriptResource(site, [next.origin])
    client.discovery.forget(upstream)
    await expect(beginAt(client, upstream)).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
    expect(next.requests).toEqual([])
  })
})

describe('metadata is refused', () => {
  test.each([
    ['of another issuer', 'https://other.example'],
    ['of the same issuer below a path', 'path'],
    ['of the same issuer over another port', 'port'],
    ['without an issuer', undefined],
  ])('%s', async (_, issuer) => {
    const named = issuer === 'path' ? `${site.origin}/realm` : issuer === 'port' ? `${site.origin}0` : issuer
    scriptServer(site, { issuer: named })
    await expect(beginAt(client, upstreamOf())).rejects.toMatchObject({ reason: 'credential_issuer_mismatch' })
    expect(site.to('/register')).toEqual([])
  })

  test.each([
    ['of another origin', 'https://bank.example/mcp'],
    ['of a sibling path', '/mcp2'],
    ['of a path below', '/mcp/admin'],
    ['with user information', 'user'],
    ['that is no URL', 'mcp'],
  ])('resource %s', async (_, resource) => {
    const named = resource.startsWith('/') ? `${site.origin}${resource}` : resource
    const user = `http://mallory@${new URL(site.origin).host}/mcp`
    scriptResource(site, [site.origin], { resource: resource === 'user' ? user : named })
    await expect(beginAt(client, upstreamOf())).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
    expect(site.to('/register')).toEqual([])
  })

  test('that the challenge names and nobody serves', async () => {
    site.answers.delete(resourceMetadataPath)
    await expect(beginAt(client, upstreamOf())).rejects.toMatchObject({ reason: 'credential_discovery_failed' })
  })
})

test('metadata that cannot be had now is not taken for absent', async () => {
  site.answers.set('/mcp', { status: 401 })
  site.answers.set(resourceMetadataPath, { status: 503 })
  await expect(beginAt(client, upstreamOf())).rejects.toMatchObject({ reason: 'credential_provider_unreachable' })
  expect(site.to('/register')).toEqual([])
})

test('a server that speaks for another issuer with leave of the operator gets no client of that issuer', async () => {
  const honest = upstreamOf()
  const { asked } = await beginAt(client, honest)
  const evil = await serveScript()
  try {
    scriptResource(evil, [evil.origin])
    scriptServer(evil, { issuer: site.origin })
    const upstream = describeOAuthUpstream(`${evil.origin}/mcp`, { overrides: { allowIssuerMismatch: true } })
    const begun = await beginAt(client, upstream)
    expect(evil.to('/register')).toHaveLength(1)
    await client.authorization.finish(upstream, 'default', answerWith(begun.pending), begun.pending)
    expect(begun.asked.get('client_id')).toBe('client-1')
    expect(asked.get('client_id')).toBe('client-1')
    const records = await client.storage.upstreamClients.list({ limit: 10 })
    expect(records.map(({ issuer }) => issuer).toSorted()).toEqual([evil.origin, site.origin].toSorted())
  } finally {
    await evil.close()
  }
})
