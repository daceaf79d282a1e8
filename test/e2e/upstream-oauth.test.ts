import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { Secret } from '../../src/lib/secret.ts'
import type { BehaviourChange } from '../harness/protected-upstream/behaviour.ts'
import { authorityCertificate, gatewayCertificate, gatewayKey } from '../harness/protected-upstream/certificates.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import {
  beginAt,
  connectAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let site: ProtectedUpstream

beforeEach(async () => {
  client = await openOAuthClient()
})
afterEach(async () => {
  await client.close()
  await site.stop()
})

async function start(behaviour: BehaviourChange = {}, issuerPath?: string): Promise<void> {
  site = await startProtectedUpstream({ behaviour, ...(issuerPath !== undefined && { issuerPath }) })
}

describe('a person connects at an upstream', () => {
  test.each<[string, BehaviourChange, string | undefined]>([
    ['that does everything as it should', {}, undefined],
    ['whose issuer has a path', {}, '/tenant1'],
    ['with OpenID metadata before the path', { primary: { metadataPlace: 'openid' } }, '/tenant1'],
    ['with OpenID metadata behind the path', { primary: { metadataPlace: 'openid-appended' } }, '/tenant1'],
    ['with its metadata at the root', { resource: { metadataPlace: 'root', metadataInChallenge: false } }, undefined],
    ['with its metadata at its path only', { resource: { metadataInChallenge: false } }, undefined],
    ['whose metadata only the challenge names', { resource: { metadataPlace: 'elsewhere' } }, undefined],
    ['that wants the secret in the form', { primary: { tokenEndpointAuthMethods: ['client_secret_post'] } }, undefined],
    ['that wants no secret', { primary: { tokenEndpointAuthMethods: ['none'] } }, undefined],
    ['that does not say how clients authenticate', { primary: { tokenEndpointAuthMethods: undefined } }, undefined],
    ['that neither announces nor sends iss', { primary: { advertiseIss: false, iss: 'absent' } }, undefined],
    ['that sends iss unannounced', { primary: { advertiseIss: false } }, undefined],
  ])('%s', async (_, behaviour, issuerPath) => {
    await start(behaviour, issuerPath)
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const credential = await connectAt(client, upstream)
    expect(credential).toMatchObject({ kind: 'oauth', issuer: site.issuer, resource: site.mcpUrl, url: site.mcpUrl })
    expect(await site.secrets()).toContain(credential.accessToken)
    const refreshed = await client.refreshTokens({ tenant: 'default', upstream, credential })
    if (refreshed instanceof GatewayError) throw refreshed
    expect(refreshed.accessToken).not.toBe(credential.accessToken)
    expect((await site.counts()).primary.tokensIssued).toEqual({ authorization_code: 1, refresh_token: 1 })
  })

  test('of 2025-03-26, with its authorization server at its own origin', async () => {
    await start({
      resource: { metadataPlace: 'absent', metadataInChallenge: false, authorizationServers: ['origin'] },
      origin: { requireResource: false },
    })
    const credential = await connectAt(client, describeOAuthUpstream(site.mcpUrl))
    expect(credential).toMatchObject({ issuer: new URL(site.mcpUrl).origin, resource: undefined })
  })

  test('with the client of the operator', async () => {
    await start({ primary: { registration: 'manual', manualClients: [{ clientId: 'ours', clientSecret: 'a b:c+ü' }] } })
    const upstream = describeOAuthUpstream(site.mcpUrl, {
      client: { clientId: 'ours', clientSecret: new Secret('a b:c+ü') },
    })
    expect(await connectAt(client, upstream)).toMatchObject({ clientId: 'ours' })
    expect((await site.counts()).primary.registrations).toBe(0)
  })

  test('that knows clients by their metadata document', async () => {
    await start({ primary: { registration: 'both' } })
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const { clientId } = await connectAt(client, upstream)
    expect(clientId).toBe('https://gateway.example/.well-known/oauth-client/tracker')
    expect((await site.counts()).primary.registrations).toBe(0)
  })

  test('that wants a certificate of the gateway besides, which nobody else is shown', async () => {
    site = await startProtectedUpstream({ mutualTls: true })
    const clientCertificate = {
      certificate: gatewayCertificate,
      privateKey: new Secret(gatewayKey),
      certificateAuthority: authorityCertificate,
    }
    // Its authorization server is on another port, without a certificate of that authority.
    const credential = await connectAt(client, describeOAuthUpstream(site.mcpUrl, {}, { clientCertificate }))
    expect(credential).toMatchObject({ issuer: site.issuer, resource: site.mcpUrl })
    await expect(beginAt(client, describeOAuthUpstream(site.mcpUrl))).rejects.toMatchObject({
      reason: 'credential_provider_unreachable',
    })
  })

  test('and disconnects: the tokens end there', async () => {
    await start()
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const credential = await connectAt(client, upstream)
    expect(await site.liveAccounts()).toHaveLength(1)
    expect(await client.authorization.revoke(upstream, 'default', credential)).toBe(true)
    expect(await site.liveAccounts()).toHaveLength(0)
    await site.setBehaviour({ primary: { offerRevocation: false } })
    client.discovery.forget(upstream)
    expect(await client.authorization.revoke(upstream, 'default', credential)).toBe(false)
  })
})

describe('a registration', () => {
  test('is made once, however many people and processes connect at once', async () => {
    await start()
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const [one, other] = [client.open(), client.open()]
    const begun = await Promise.all([one, other, one, other].map((each) => beginAt(each, upstream)))
    expect(new Set(begun.map(({ asked }) => asked.get('client_id'))).size).toBe(1)
    expect(await client.storage.upstreamClients.list({ limit: 10 })).toHaveLength(1)
    expect((await site.counts()).primary.registrations).toBeLessThanOrEqual(2)
    await beginAt(client.open(), upstream)
    expect((await site.counts()).primary.registrations).toBeLessThanOrEqual(2)
  })

  test('that the server forgot ends its connections and is made anew at the next connect', async () => {
    await start()
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const credential = await connectAt(client, upstream)
    await site.forgetClients()
    const refused = await client.refreshTokens({ tenant: 'default', upstream, credential })
    expect(refused).toMatchObject({ reason: 'connection_reconsent_required' })
    const next = await connectAt(client, upstream)
    expect(next.clientId).not.toBe(credential.clientId)
    expect(await client.refreshTokens({ tenant: 'default', upstream, credential: next })).toMatchObject({
      refreshToken: expect.anything(),
    })
  })

  test('of one tenant is not used by another', async () => {
    await start()
    const upstream = describeOAuthUpstream(site.mcpUrl)
    const ours = await beginAt(client, upstream)
    const theirs = await beginAt(client, upstream, { tenant: 'acme' })
    expect(theirs.asked.get('client_id')).not.toBe(ours.asked.get('client_id'))
  })
})

test('a refresh token that does not hold any more asks for consent', async () => {
  await start()
  const upstream = describeOAuthUpstream(site.mcpUrl)
  const credential = await connectAt(client, upstream)
  await site.killGrants()
  expect(await client.refreshTokens({ tenant: 'default', upstream, credential })).toMatchObject({
    reason: 'connection_reconsent_required',
    details: { detail: expect.stringContaining('invalid_grant') },
  })
})

test('a server that keeps its refresh token answers none, and lifetimes may be unknown', async () => {
  await start({ primary: { refreshTokens: 'keep', expiresIn: false } })
  const upstream = describeOAuthUpstream(site.mcpUrl)
  const credential = await connectAt(client, upstream)
  expect(credential.expiresAtMs).toBeUndefined()
  const again = await client.refreshTokens({ tenant: 'default', upstream, credential })
  expect(again).toMatchObject({ refreshToken: undefined, expiresAtMs: undefined })
})
