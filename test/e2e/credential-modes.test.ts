import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectPerson } from '../harness/connect-person.ts'
import { callJsonTool, connectAndCall, mustCall } from '../harness/connected-call.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { idpClientSecret, startIdentityProvider, type TestIdentityProvider } from '../harness/identity-provider.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool } from '../harness/post-message.ts'
import type { BehaviourChange, TestClient } from '../harness/protected-upstream/behaviour.ts'
import {
  authorityCertificate,
  gatewayCertificate,
  gatewayKey,
  strangerCertificate,
  strangerKey,
} from '../harness/protected-upstream/certificates.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { runCli, runCliWith } from '../harness/run-cli.ts'
import { connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn, signInAt, type TestPolicy, type TestProject } from '../harness/write-project.ts'

type Headers = Readonly<Record<string, string>>

const client: TestClient = { clientId: 'gateway', clientSecret: 'secret-of-the-gateway' }
const clientAuth = { method: 'client_secret_basic', ...client }

let upstream: ProtectedUpstream
let gateway: TestGateway
beforeEach(async () => {
  upstream = await startProtectedUpstream()
})
afterEach(async () => {
  await gateway.close()
  await upstream.stop()
})

const account = (options: object): TestPolicy => [
  'mcp-token-exchange-inbound',
  { id: 'echo', displayName: 'Echo', ...options },
]
const projectWith = (credential: TestPolicy | undefined, more: TestProject['policies'] = signIn()): TestProject => ({
  servers: { echo: { upstream: upstream.mcpUrl, inbound: credential ? ['sign-in', 'account'] : ['sign-in'] } },
  policies: { ...more, ...(credential && { account: credential }) },
})
const start = async (credential: object, behaviour: BehaviourChange = {}): Promise<string> => {
  await upstream.setBehaviour(behaviour)
  gateway = await startTestGateway(projectWith(account(credential)))
  return (await obtainToken(gateway.publicUrl, gateway.server('echo'))).accessToken
}

/** Names of the headers of a call that carries no credential at all. */
const plainHeaders = [
  'accept',
  'connection',
  'content-length',
  'content-type',
  'host',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
]

/** Exactly the usual headers and this one arrived, whatever the client sent. */
const expectOnly = (headers: unknown, name: string, value: unknown): void => {
  expect(Object.keys(headers as Headers).sort()).toEqual([...plainHeaders, name].sort())
  expect((headers as Headers)[name]).toEqual(value)
}
const upstreamToken = expect.stringMatching(/^Bearer up_at_[\w-]{32}$/) as unknown

describe('the upstream receives', () => {
  const server = () => gateway.server('echo')

  it('nothing, where no mode is configured', async () => {
    await upstream.setBehaviour({ resource: { protection: 'none' } })
    gateway = await startTestGateway(projectWith(undefined))
    const { accessToken } = await obtainToken(gateway.publicUrl, server())
    const headers = (await mustCall(server(), accessToken, 'echo_headers')) as Headers
    expect(Object.keys(headers).sort()).toEqual(plainHeaders)
  })

  it('user-oauth: the token of the person', async () => {
    const ada = await start({ authMode: 'user-oauth' }, { primary: { login: 'page' } })
    const { accessToken: bob } = await obtainToken(gateway.publicUrl, server(), 'bob')
    expectOnly(await connectAndCall(server(), ada, 'echo_headers', { subject: 'ada' }), 'authorization', upstreamToken)
    await connectAndCall(server(), bob, 'echo_headers', { subject: 'bob' })
    expect(await mustCall(server(), ada, 'whoami')).toMatchObject({ account: 'ada' })
    expect(await mustCall(server(), bob, 'whoami')).toMatchObject({ account: 'bob' })
  })

  it('shared-oauth: one token for everybody, and the event names the person', async () => {
    const ada = await start({ authMode: 'shared-oauth' }, { primary: { login: 'page' } })
    expect((await callTool(server(), ada, 'whoami')).text).toContain('administrator')
    const printed = await runCli('connections', 'connect', 'echo', gateway.directory, '--url', gateway.publicUrl)
    await connectPerson(printed.out.trim(), { subject: 'grace', account: 'company' })
    const { accessToken: bob } = await obtainToken(gateway.publicUrl, server(), 'bob')
    expectOnly(await mustCall(server(), ada, 'echo_headers'), 'authorization', upstreamToken)
    expect(await mustCall(server(), bob, 'whoami')).toMatchObject({ account: 'company' })
    for (const subject of ['ada', 'bob']) {
      const event = await gateway.waitForEvent(
        (each) => each.subject === subject && each.type === 'capability_completed',
      )
      expect(event).toMatchObject({ credentialMode: 'shared-oauth' })
    }
    const connected = await gateway.waitForEvent((each) => each.type === 'auth_upstream_connected')
    expect(connected).toMatchObject({ subject: 'grace' })
  })

  it('user-api-key: the key of the person, in the header and scheme of the upstream', async () => {
    const keys = { 'key-of-ada-at-the-upstream': 'ada', 'key-of-bob-at-the-upstream': 'bob' }
    const ada = await start(
      { authMode: 'user-api-key', apiKey: { header: 'x-api-key', scheme: 'Token' } },
      { resource: { protection: 'api-key', apiKeys: { header: 'x-api-key', scheme: 'Token', owners: keys } } },
    )
    const { accessToken: bob } = await obtainToken(gateway.publicUrl, server(), 'bob')
    const choices = { subject: 'ada', key: 'key-of-ada-at-the-upstream' }
    const headers = await connectAndCall(server(), ada, 'echo_headers', choices)
    expectOnly(headers, 'x-api-key', 'Token key-of-ada-at-the-upstream')
    await connectAndCall(server(), bob, 'echo_headers', { subject: 'bob', key: 'key-of-bob-at-the-upstream' })
    expect(await mustCall(server(), ada, 'whoami')).toMatchObject({ account: 'ada' })
    expect(await mustCall(server(), bob, 'whoami')).toMatchObject({ account: 'bob' })
  })

  it('user-api-key: a key that the upstream refuses is not stored', async () => {
    const token = await start(
      { authMode: 'user-api-key' },
      { resource: { protection: 'api-key', apiKeys: { header: 'authorization', scheme: 'Bearer', owners: {} } } },
    )
    const choices = { subject: 'ada', key: 'a-key-that-nobody-issued' }
    await expect(connectAndCall(server(), token, 'whoami', choices)).rejects.toThrow(/not connected/)
    expect(await callJsonTool(server(), token, 'whoami')).toHaveProperty('link')
  })

  it.each([
    ['authorization', 'Bearer', 'Bearer shared-key-of-the-company'],
    ['x-goog-api-key', '', 'shared-key-of-the-company'],
  ])('shared-api-key: the key in %s with scheme "%s"', async (header, scheme, value) => {
    const owners = { 'shared-key-of-the-company': 'company' }
    const token = await start(
      { authMode: 'shared-api-key', apiKey: { header, scheme, value: 'shared-key-of-the-company' } },
      { resource: { protection: 'api-key', apiKeys: { header, scheme, owners } } },
    )
    expectOnly(await mustCall(server(), token, 'echo_headers'), header, value)
  })

  it('shared-api-key: the key in the vault; a new one counts for the next call', async () => {
    const owners = { 'first-key-of-the-company': 'first', 'second-key-of-the-company': 'second' }
    const apiKeys = { header: 'authorization', scheme: 'Bearer', owners }
    const token = await start({ authMode: 'shared-api-key' }, { resource: { protection: 'api-key', apiKeys } })
    for (const name of ['first', 'second']) {
      const args = ['connections', 'set-key', 'echo', gateway.directory, '--shared']
      expect(await runCliWith(`${name}-key-of-the-company`, ...args)).toMatchObject({ code: 0 })
      await waitUntil(`the ${name} key counts`, async () => {
        const answer = await callJsonTool(server(), token, 'whoami').catch(() => undefined)
        return answer && 'json' in answer && (answer.json as { account: string }).account === name
      })
    }
  })

  it('client-credentials: a token for the gateway itself, asked for once', async () => {
    const token = await start(
      { authMode: 'client-credentials', clientCredentials: { clientAuth, scopes: ['read'] } },
      { primary: { manualClients: [client] } },
    )
    expectOnly(await mustCall(server(), token, 'echo_headers'), 'authorization', upstreamToken)
    expect(await mustCall(server(), token, 'whoami')).toMatchObject({ account: 'client:gateway', scopes: ['read'] })
    expect((await upstream.counts()).primary.tokenRequests).toEqual({ client_credentials: 1 })
  })

  it('client-credentials: a new token after the upstream refused the one at hand', async () => {
    const token = await start(
      { authMode: 'client-credentials', clientCredentials: { clientAuth } },
      { primary: { manualClients: [client] } },
    )
    await mustCall(server(), token, 'whoami')
    await upstream.expireAccess()
    expect(await mustCall(server(), token, 'whoami')).toMatchObject({ account: 'client:gateway' })
    expect((await upstream.counts()).primary.tokenRequests).toEqual({ client_credentials: 2 })
  })

  it('a client certificate, alone and with an API key', async () => {
    await upstream.stop()
    upstream = await startProtectedUpstream({ mutualTls: true })
    const certificate = { certificate: gatewayCertificate, privateKey: gatewayKey }
    const clientCertificate = { ...certificate, certificateAuthority: authorityCertificate }
    const token = await start({ authMode: 'mtls', clientCertificate }, { resource: { protection: 'none' } })
    expect(await mustCall(server(), token, 'whoami')).toMatchObject({ certificate: 'gateway' })
    const headers = (await mustCall(server(), token, 'echo_headers')) as Headers
    expect(Object.keys(headers).sort()).toEqual(plainHeaders)

    await upstream.setBehaviour({
      resource: {
        protection: 'api-key',
        apiKeys: { header: 'x-key', scheme: '', owners: { 'key-besides': 'company' } },
      },
    })
    const apiKey = { header: 'x-key', scheme: '', value: 'key-besides' }
    const both = projectWith(account({ authMode: 'shared-api-key', apiKey, clientCertificate }))
    expect(await gateway.reload(both)).toEqual({ ok: true })
    const who = { account: 'company', certificate: 'gateway' }
    expect(await mustCall(server(), token, 'whoami')).toMatchObject(who)
  })

  it('a certificate of a stranger gets nowhere', async () => {
    await upstream.stop()
    upstream = await startProtectedUpstream({ mutualTls: true })
    const clientCertificate = {
      certificate: strangerCertificate,
      privateKey: strangerKey,
      certificateAuthority: authorityCertificate,
    }
    const token = await start({ authMode: 'mtls', clientCertificate }, { resource: { protection: 'none' } })
    await expect(mustCall(server(), token, 'whoami')).rejects.toThrow()
    expect((await upstream.counts()).resource.messages).toEqual({})
  })
})

describe('with people of a company, the upstream receives', () => {
  let idp: TestIdentityProvider
  beforeAll(async () => {
    idp = await startIdentityProvider({ ada: { name: 'Ada' }, bob: { name: 'Bob' } })
  })
  afterAll(() => idp.stop())

  const startWith = async (credential: object): Promise<void> => {
    gateway = await startTestGateway(projectWith(account(credential), signInAt(idp.issuer, idpClientSecret)))
    await idp.configure({ redirectUri: `${gateway.publicUrl}/oauth/callback` })
  }
  const call = async (name: string, tool: string): Promise<unknown> => {
    const memory = createSdkV2Memory((url) => mustSignIn(url, idp.issuer, { name }))
    const connected = await connectSdkV2(gateway.server('echo'), { era: 'modern', memory })
    const { text } = await connected.callTool(tool, {})
    await connected.close()
    return JSON.parse(text)
  }
  const trusted = () => ({
    manualClients: [client],
    trustedIssuer: idp.issuer,
    subjectTokenAudience: 'gateway',
  })

  it('token-exchange: a token of the upstream for the person who signed in', async () => {
    await upstream.setBehaviour({ primary: trusted() })
    const tokenExchange = { tokenUrl: `${upstream.issuer}/token`, clientAuth, resource: upstream.mcpUrl }
    await startWith({ authMode: 'token-exchange', tokenExchange })
    expectOnly(await call('ada', 'echo_headers'), 'authorization', upstreamToken)
    expect(await call('ada', 'whoami')).toMatchObject({ account: 'ada' })
    expect(await call('bob', 'whoami')).toMatchObject({ account: 'bob' })
  })

  it('token-exchange: the access token of the sign-in, where that is asked for', async () => {
    await upstream.setBehaviour({ primary: trusted() })
    const tokenExchange = { tokenUrl: `${upstream.issuer}/token`, clientAuth, subjectToken: 'access_token' }
    await startWith({ authMode: 'token-exchange', tokenExchange })
    expect(await call('ada', 'whoami')).toMatchObject({ account: 'ada' })
  })

  it('id-jag: a token redeemed for an assertion of the identity provider', async () => {
    await upstream.setBehaviour({
      secondary: trusted(),
      primary: { manualClients: [client], trustedIssuer: upstream.secondaryIssuer },
    })
    const idJag = {
      idp: { tokenUrl: `${upstream.secondaryIssuer}/token`, clientAuth },
      resourceAs: { tokenUrl: `${upstream.issuer}/token`, audience: upstream.issuer, clientAuth },
      scopes: ['read'],
    }
    await startWith({ authMode: 'id-jag', idJag })
    expectOnly(await call('ada', 'echo_headers'), 'authorization', upstreamToken)
    expect(await call('bob', 'whoami')).toMatchObject({ account: 'bob', scopes: ['read'] })
    const { primary, secondary } = await upstream.counts()
    expect(Object.keys(secondary.tokensIssued)).toEqual(['urn:ietf:params:oauth:grant-type:token-exchange'])
    expect(Object.keys(primary.tokensIssued)).toEqual(['urn:ietf:params:oauth:grant-type:jwt-bearer'])
  })
})

describe('a mode that changes while the gateway runs', () => {
  it('serves the next call, and connections come back with their mode', async () => {
    const userOAuth = { authMode: 'user-oauth' }
    const token = await start(userOAuth)
    const server = gateway.server('echo')
    const before = await connectAndCall(server, token, 'whoami', { subject: 'ada' })
    expect(before).toMatchObject({ account: 'account-1' })

    const held = mustCall(server, token, 'hold')
    await upstream.waitForHeld(1)
    const owners = { 'shared-key-of-the-company': 'company' }
    await upstream.setBehaviour({
      resource: { protection: 'api-key', apiKeys: { header: 'authorization', scheme: 'Bearer', owners } },
    })
    const apiKey = { value: 'shared-key-of-the-company' }
    expect(await gateway.reload(projectWith(account({ authMode: 'shared-api-key', apiKey })))).toEqual({ ok: true })
    expect(await mustCall(server, token, 'whoami')).toMatchObject({ account: 'company' })
    await upstream.release()
    expect(await held).toMatchObject({ account: 'account-1' })

    await upstream.setBehaviour({ resource: { protection: 'oauth' } })
    expect(await gateway.reload(projectWith(account(userOAuth)))).toEqual({ ok: true })
    expect(await mustCall(server, token, 'whoami')).toMatchObject({ account: 'account-1' })
    expect((await upstream.counts()).primary).toMatchObject({ authorizations: 1, grantsKilled: 0 })
  })
})
