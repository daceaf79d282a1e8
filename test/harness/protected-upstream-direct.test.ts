import { Agent, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { startJwtIssuer } from './jwt-issuer.ts'
import type { BehaviourChange } from './protected-upstream/behaviour.ts'
import { authorityCertificate, gatewayCertificate, gatewayKey } from './protected-upstream/certificates.ts'
import {
  type ProtectedUpstream,
  type ProtectedUpstreamOptions,
  startProtectedUpstream,
} from './protected-upstream/start-protected-upstream.ts'
import { connectSdkV2, createSdkV2Memory, type SdkV2Memory } from './sdk-v2-client.ts'

// The upstream that proofs of the broker stand on, called by the official client without the gateway: what the upstream gets wrong here
// would be blamed on the gateway there.
let upstream: ProtectedUpstream
afterEach(() => upstream.stop())

const start = async (behaviour: BehaviourChange = {}, options: ProtectedUpstreamOptions = {}) => {
  upstream = await startProtectedUpstream({ ...options, behaviour })
}

const signIn = async (url: URL): Promise<URL> => {
  const { statusCode, headers, body } = await request(url)
  const text = await body.text()
  if (typeof headers['location'] !== 'string') throw new Error(`no redirect (${statusCode}): ${text}`)
  return new URL(headers['location'])
}

const connect = (memory: SdkV2Memory = createSdkV2Memory(signIn), era: 'legacy' | 'modern' = 'modern') =>
  connectSdkV2(upstream.mcpUrl, { era, memory })

const whoami = async (memory?: SdkV2Memory): Promise<unknown> => {
  const client = await connect(memory)
  const { text } = await client.callTool('whoami', {})
  await client.close()
  return JSON.parse(text)
}

const postForm = async (url: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const body = new URLSearchParams(form).toString()
  const answer = await request(url, { method: 'POST', headers: { ...type, ...headers }, body })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

describe('a protected upstream, without gateway', () => {
  it.each(['legacy', 'modern'] as const)('serves a client that signs in, %s', async (era) => {
    await start()
    const client = await connect(undefined, era)
    expect(await client.listTools()).toContain('whoami')
    expect(JSON.parse((await client.callTool('whoami', {})).text)).toEqual({
      account: 'account-1',
      scopes: ['read'],
      certificate: null,
    })
    expect(JSON.parse((await client.callTool('echo_headers', {})).text)).toMatchObject({
      authorization: expect.stringMatching(/^Bearer up_at_/),
    })
    await client.close()
    const { primary } = await upstream.counts()
    expect(primary).toMatchObject({ registrations: 1, authorizations: 1, tokensIssued: { authorization_code: 1 } })
    expect(await upstream.secrets()).toHaveLength(4)
  })

  it.each<[string, BehaviourChange, ProtectedUpstreamOptions?]>([
    ['metadata only in the challenge', { resource: { metadataPlace: 'elsewhere' } }],
    ['metadata only at the path', { resource: { metadataInChallenge: false } }],
    ['metadata only at the root', { resource: { metadataPlace: 'root', metadataInChallenge: false } }],
    ['server metadata as OpenID configuration', { primary: { metadataPlace: 'openid' } }],
    ['an issuer with a path', {}, { issuerPath: '/tenant1' }],
    ['an issuer with a path, OpenID', { primary: { metadataPlace: 'openid-appended' } }, { issuerPath: '/tenant1' }],
    ['no expires_in', { primary: { expiresIn: false } }],
    ['no refresh token', { primary: { refreshTokens: 'none' } }],
    ['the second authorization server', { resource: { authorizationServers: ['secondary'] } }],
    ['as in 2025-03-26', { resource: { metadataPlace: 'absent' }, origin: { requireResource: false } }],
    [
      'as in 2025-03-26 without metadata',
      { resource: { metadataPlace: 'absent' }, origin: { requireResource: false, metadataPlace: 'absent' } },
    ],
  ])('serves with %s', async (_, behaviour, options) => {
    await start(behaviour, options)
    expect(await whoami()).toMatchObject({ account: 'account-1' })
  })

  it.each<[string, BehaviourChange, RegExp]>([
    ['another issuer in the metadata', { primary: { metadataIssuer: 'https://evil.example' } }, /issuer/i],
    ['a wrong iss', { primary: { iss: 'wrong' } }, /iss/i],
    ['an advertised iss that is absent', { primary: { iss: 'absent' } }, /iss/i],
    ['no PKCE', { primary: { pkceMethods: ['plain'] } }, /code challenge/i],
    ['another resource', { resource: { metadataResource: 'https://evil.example/mcp' } }, /resource/i],
    ['no registration', { primary: { registration: 'manual' } }, /registration/i],
    ['a person who refuses', { primary: { refuse: true } }, /access_denied/],
    ['an error of the token endpoint', { faults: [{ at: 'token', do: { status: 500, body: 'oops' } }] }, /500|oops/],
  ])('is refused by the client with %s', async (_, behaviour, message) => {
    await start(behaviour)
    await expect(connect()).rejects.toThrow(message)
  })

  it('rotates refresh tokens, and one used twice ends the grant', async () => {
    await start({ primary: { onReuse: 'kill' } })
    const memory = createSdkV2Memory(signIn)
    expect(await whoami(memory)).toMatchObject({ account: 'account-1' })
    await upstream.expireAccess()
    expect(await whoami(memory)).toMatchObject({ account: 'account-1' })
    expect((await upstream.counts()).primary).toMatchObject({ refreshTokensPresented: 1, refreshTokensReused: 0 })
    const [first, second] = memory.received
    const form = { grant_type: 'refresh_token', client_id: String(memory.clientInformation()?.client_id) }
    const used = { ...form, refresh_token: String(first?.refresh_token), resource: upstream.mcpUrl }
    expect((await postForm(`${upstream.issuer}/token`, used)).status).toBe(400)
    expect((await upstream.counts()).primary).toMatchObject({ refreshTokensReused: 1, grantsKilled: 1 })
    const headers = { authorization: `Bearer ${second?.access_token}` }
    expect((await request(upstream.mcpUrl, { method: 'POST', headers, body: '{}' })).statusCode).toBe(401)
    expect(await upstream.liveAccounts()).toEqual([])
  })

  it('holds and releases', async () => {
    await start({ faults: [{ at: 'token', when: 'after', do: 'hold', times: 1 }] })
    const answer = whoami()
    await upstream.waitForHeld(1)
    expect((await upstream.counts()).primary.tokensIssued).toEqual({ authorization_code: 1 })
    await upstream.release()
    expect(await answer).toMatchObject({ account: 'account-1' })
  })

  it('wants the scope write for write_note', async () => {
    await start()
    const client = await connect()
    await expect(client.callTool('write_note', {})).rejects.toThrow()
    expect((await upstream.counts()).resource.forbidden).toBeGreaterThan(0)
  })

  it('knows owners of API keys', async () => {
    await start({
      resource: { protection: 'api-key', apiKeys: { header: 'x-key', scheme: '', owners: { k1: 'ada' } } },
    })
    const client = await connectSdkV2(upstream.mcpUrl, { era: 'modern', headers: { 'x-key': 'k1' } })
    expect(JSON.parse((await client.callTool('whoami', {})).text)).toMatchObject({ account: 'ada' })
    await client.close()
    await expect(connectSdkV2(upstream.mcpUrl, { era: 'modern', headers: { 'x-key': 'k2' } })).rejects.toThrow()
  })

  it('gives a confidential client a token for itself', async () => {
    await start({ primary: { manualClients: [{ clientId: 'gw', clientSecret: 's3cret' }] } })
    const form = { grant_type: 'client_credentials', scope: 'read' }
    const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`gw:${secret}`).toString('base64')}` })
    expect((await postForm(`${upstream.issuer}/token`, form, basic('wrong'))).status).toBe(401)
    const { text } = await postForm(`${upstream.issuer}/token`, form, basic('s3cret'))
    const { access_token } = JSON.parse(text) as { access_token: string }
    const headers = { authorization: `Bearer ${access_token}` }
    const client = await connectSdkV2(upstream.mcpUrl, { era: 'modern', headers })
    expect(JSON.parse((await client.callTool('whoami', {})).text)).toMatchObject({ account: 'client:gw' })
    await client.close()
  })

  it('exchanges an ID token, and an identity assertion once', async () => {
    const idp = await startJwtIssuer()
    const manualClients = [{ clientId: 'gw', clientSecret: 's3cret' }]
    await start({ secondary: { manualClients, trustedIssuer: idp.url, subjectTokenAudience: 'gateway' } })
    await upstream.setBehaviour({
      primary: { manualClients, trustedIssuer: upstream.secondaryIssuer },
      resource: { authorizationServers: ['primary', 'secondary'] },
    })
    const basic = { authorization: `Basic ${Buffer.from('gw:s3cret').toString('base64')}` }
    const exchange = (subject_token: string, more: Record<string, string> = {}) => {
      const types = 'urn:ietf:params:oauth:token-type'
      const form = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token, ...more }
      const audience = { subject_token_type: `${types}:id_token`, audience: upstream.issuer, resource: upstream.mcpUrl }
      return postForm(`${upstream.secondaryIssuer}/token`, { ...audience, ...form }, basic)
    }
    expect((await exchange(await idp.sign({ aud: 'somebody-else' }))).status).toBe(400)
    expect(await exchange(await idp.sign())).toMatchObject({ status: 200, text: expect.stringContaining('up_at_') })
    const jag = await exchange(await idp.sign(), { requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag' })
    const { access_token: assertion } = JSON.parse(jag.text) as { access_token: string }
    const redeem = () => {
      const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, scope: 'read' }
      return postForm(`${upstream.issuer}/token`, form, basic)
    }
    expect(await redeem()).toMatchObject({ status: 200, text: expect.stringContaining('up_at_') })
    expect(await redeem()).toMatchObject({ status: 400, text: expect.stringContaining('invalid_grant') })
    await idp.close()
  })

  it('demands a client certificate', async () => {
    await start({ resource: { protection: 'none' } }, { mutualTls: true })
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } })
    const call = (connect: object) => {
      const dispatcher = new Agent({ connect: { ca: authorityCertificate, ...connect } })
      return request(upstream.mcpUrl, { method: 'POST', body, dispatcher })
    }
    await expect(call({})).rejects.toThrow()
    const answer = await call({ cert: gatewayCertificate, key: gatewayKey })
    expect(await answer.body.text()).toContain('\\"certificate\\":\\"gateway\\"')
  })
})
