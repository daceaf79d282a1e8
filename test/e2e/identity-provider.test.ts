import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildAuthorization, redeemCode, registerClient } from '../harness/authorization-server.ts'
import { testCertificate } from '../harness/document-server.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { people } from '../harness/federated-server.ts'
import { idpClientSecret, startIdentityProvider, type TestIdentityProvider } from '../harness/identity-provider.ts'
import { callTool } from '../harness/post-message.ts'
import { connectSdkV1, createSdkV1Memory } from '../harness/sdk-v1-client.ts'
import { connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { createProject, signInAt, type TestProject } from '../harness/write-project.ts'

let upstream: EchoUpstream
beforeAll(async () => {
  upstream = await startEchoUpstream()
})
afterAll(() => upstream.close())

describe('MCP clients of others, with people of a company', () => {
  let idp: TestIdentityProvider
  let gateway: TestGateway
  const projectWith = (allow: object): TestProject => ({
    settings: { basePath: '/gateway' },
    servers: { echo: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signInAt(idp.issuer, idpClientSecret, { allow, claims: { team: 'groups' } }),
  })
  beforeAll(async () => {
    idp = await startIdentityProvider(people)
    gateway = await startTestGateway(projectWith({ emailDomains: ['example.com'] }))
    await idp.configure({ redirectUri: `${gateway.publicUrl}/gateway/oauth/callback` })
  })
  afterAll(async () => {
    await gateway.close()
    await idp.stop()
  })

  const signInAsAda = (url: URL) => mustSignIn(url, idp.issuer, { name: 'ada' })
  const subject = () => `${new URL(idp.issuer).host}|ada`

  it.each([
    ['SDK v1', () => connectSdkV1(gateway.server('echo'), createSdkV1Memory(signInAsAda))],
    ['SDK v2', () => connectSdkV2(gateway.server('echo'), { era: 'auto', memory: createSdkV2Memory(signInAsAda) })],
  ])('%s signs in and calls in the name of the person', async (_name, connect) => {
    const client = await connect()
    expect(await client.listTools()).toEqual(['echo'])
    expect((await client.callTool('echo', {})).isError).toBe(false)
    await client.close()
    const call = await gateway.waitForEvent((event) => event.type === 'capability_completed')
    expect(call).toMatchObject({ subject: subject(), capability: 'echo', team: 'engineering' })
    expect(call.resultTokens).toBe(Math.ceil((call.bytesOut ?? 0) / 4))
  })

  it('a new allow-list counts at the next sign-in, and at the next call of who is signed in', async () => {
    const clientId = String((await registerClient(`${gateway.publicUrl}/gateway`)).body['client_id'])
    const asked = () =>
      buildAuthorization(`${gateway.publicUrl}/gateway`, clientId, { resource: gateway.server('echo') }).url
    await mustSignIn(asked(), idp.issuer, { name: 'ada' })
    const request = buildAuthorization(`${gateway.publicUrl}/gateway`, clientId, { resource: gateway.server('echo') })
    const redirect = await mustSignIn(request.url, idp.issuer, { name: 'ada' })
    const accessToken = String(
      (await redeemCode(`${gateway.publicUrl}/gateway`, request, redirect)).body['access_token'],
    )
    expect((await callTool(gateway.server('echo'), accessToken, 'echo')).status).toBe(200)
    expect(await gateway.reload(projectWith({ emailDomains: ['other.example'] }))).toEqual({ ok: true })
    const after = await callTool(gateway.server('echo'), accessToken, 'echo')
    expect([after.status, after.message?.error?.data?.reason]).toEqual([401, 'token_revoked'])
    await expect(mustSignIn(asked(), idp.issuer, { name: 'ada' })).rejects.toThrow('identity_not_allowed')
    const refused = await gateway.waitForEvent((event) => event.type === 'auth_sign_in_failed')
    expect(refused).toMatchObject({ reason: 'identity_not_allowed', outcome: 'denied', clientId })
  })
})

describe('sallyport start', () => {
  const publicUrl = 'https://gateway.example'
  let idp: TestIdentityProvider
  const before = getGlobalDispatcher()
  beforeAll(async () => {
    idp = await startIdentityProvider(people, 'https')
    await idp.configure({ redirectUri: `${publicUrl}/oauth/callback` })
    setGlobalDispatcher(new Agent({ connect: { ca: testCertificate } }))
  })
  afterAll(async () => {
    setGlobalDispatcher(before)
    await idp.stop()
  })

  it('signs people in at an identity provider in a private network, and keeps every secret', async () => {
    const port = await findFreePort()
    const local = `http://127.0.0.1:${port}`
    const directory = await createProject({
      settings: { listen: { port }, publicUrl, telemetry: { logLevel: 'debug', logEvents: 'all' } },
      servers: { echo: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signInAt(idp.issuer, '$env(IDP_SECRET)'),
    })
    const authority = join(directory, 'authority.pem')
    await writeFile(authority, testCertificate)
    const gateway = await spawnGateway(directory, port, 'start', {
      SALLYPORT_VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      IDP_SECRET: idpClientSecret,
      NODE_EXTRA_CA_CERTS: authority,
    })
    const clientId = String((await registerClient(local)).body['client_id'])
    const asked = buildAuthorization(local, clientId, { resource: `${publicUrl}/mcp/echo` })
    const secrets = [idpClientSecret]
    const redirect = await mustSignIn(asked.url, idp.issuer, {
      name: 'ada',
      origin: publicUrl,
      onRedirect: (url) => {
        const sent = ['code', 'nonce', 'state'].map((name) => url.searchParams.get(name) ?? '')
        secrets.push(...sent.filter((value) => value.length > 20))
        // TLS ends in front of the gateway.
        return url.origin === publicUrl ? new URL(url.pathname + url.search, local) : url
      },
    })
    const tokens = await redeemCode(local, asked, redirect)
    const accessToken = String(tokens.body['access_token'])
    const called = await callTool(`${local}/mcp/echo`, accessToken, 'echo')
    expect(called.status).toBe(200)
    expect(await gateway.stop()).toBe(0)

    expect(secrets.length).toBeGreaterThan(4)
    const files = (await readdir(join(directory, 'data'))).map((file) => join(directory, 'data', file))
    const places = [Buffer.from(gateway.output()), ...(await Promise.all(files.map((file) => readFile(file))))]
    const leaks = [...secrets, accessToken].filter((secret) => places.some((content) => content.includes(secret)))
    expect(leaks).toEqual([])
    expect(gateway.output()).toContain('auth_signed_in')
    await rm(directory, { recursive: true })
  })

  it('refuses an identity provider on plain http', async () => {
    const port = await findFreePort()
    const directory = await createProject({
      settings: { listen: { port }, publicUrl },
      servers: { echo: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signInAt('http://127.0.0.1:9999', 'secret'),
    })
    const vault = { SALLYPORT_VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}` }
    await expect(spawnGateway(directory, port, 'start', vault)).rejects.toThrow('needs an identity provider on https')
    await rm(directory, { recursive: true })
  })
})
