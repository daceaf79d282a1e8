import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendJson } from '../harness/authorization-server.ts'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

const configured = { id: 'reporter', name: 'Nightly report', secret: 'a-secret-of-the-operator', servers: ['tracker'] }
let upstream: EchoUpstream
let issuer: JwtIssuer
let gateway: TestGateway
let project: TestProject
let tracker: string

beforeAll(async () => {
  upstream = await startEchoUpstream()
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  issuer = await startJwtIssuer()
  project = {
    settings: { clients: [configured] },
    servers: {
      tracker: server,
      payroll: server,
      everyone: { upstream: upstream.url, inbound: ['keys', 'app-tokens', 'sign-in'] },
    },
    policies: {
      ...signIn(),
      keys: ['api-key-inbound', {}],
      'app-tokens': ['open-id-jwt-auth-inbound', { issuer: issuer.url, audience: 'gateway' }],
    },
  }
  gateway = await startTestGateway(project)
  tracker = gateway.server('tracker')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await issuer.close()
})

/** Lists the tools as the official client does, given nothing but the URL and the credentials. */
async function listTools(authProvider: OAuthClientProvider, url = tracker): Promise<string[]> {
  const client = new Client({ name: 'agent', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }))
  const { tools } = await client.listTools()
  await client.close()
  return tools.map(({ name }) => name)
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

async function askToken(form: Record<string, string>, authorization = basic(configured.id, configured.secret)) {
  const headers = { authorization }
  return sendJson(`${gateway.publicUrl}/oauth/token`, { form: { grant_type: 'client_credentials', ...form }, headers })
}

async function createClient(name: string, ...flags: string[]): Promise<{ id: string; secret: string }> {
  const { out, errors } = await runCli('clients', 'create', name, gateway.directory, '--json', ...flags)
  expect(errors).toBe('')
  return JSON.parse(out) as { id: string; secret: string }
}

describe('a client of sallyport.jsonc', () => {
  it('calls on its own behalf with a secret, through the official client', async () => {
    const { id: clientId, secret: clientSecret } = configured
    const provider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: gateway.publicUrl })
    expect(await listTools(provider)).toEqual(['echo'])
    const event = await gateway.waitForEvent(
      ({ type, clientId: id }) => type === 'capability_listed' && id === clientId,
    )
    expect(event).toMatchObject({ subject: 'client:reporter', tenant: 'default', virtualServer: 'tracker' })
    const issued = gateway.events().find(({ type, clientId: id }) => type === 'auth_token_issued' && id === clientId)
    expect(issued).toMatchObject({ subject: 'client:reporter', clientName: 'Nightly report', virtualServer: 'tracker' })
  })

  it('receives an opaque token for one virtual server, and no refresh token', async () => {
    const { status, body } = await askToken({ resource: tracker })
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^sp_at_/),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'mcp:tools',
    })
    const token = String(body['access_token'])
    expect((await postModern(tracker, token, 'tools/list')).status).toBe(200)
    const elsewhere = await postModern(gateway.server('payroll'), token, 'tools/list')
    expect(elsewhere.message?.error?.data?.reason).toBe('token_wrong_audience')
  })

  it.each([
    ['no resource', {}, undefined, 'invalid_target'],
    ['a virtual server it is not allowed', { resource: 'payroll' }, undefined, 'invalid_target'],
    ['a wrong secret', { resource: 'tracker' }, basic('reporter', 'a-secret-of-nobody-here'), 'invalid_client'],
    ['no secret', { resource: 'tracker', client_id: 'reporter' }, '', 'invalid_client'],
    ['an unknown client', { resource: 'tracker' }, basic('nobody', configured.secret), 'invalid_client'],
  ])('is refused with %s', async (_what, form: { resource?: string }, authorization, error) => {
    const resource = form.resource && { resource: gateway.server(form.resource) }
    const headers =
      authorization === '' ? {} : { authorization: authorization ?? basic(configured.id, configured.secret) }
    const answer = await sendJson(`${gateway.publicUrl}/oauth/token`, {
      form: { grant_type: 'client_credentials', ...form, ...resource },
      headers,
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body).toMatchObject({ error })
  })

  it('cannot be impersonated by a client that registers itself and asks for the grant', async () => {
    const registered = await sendJson(`${gateway.publicUrl}/oauth/register`, {
      json: {
        client_name: 'greedy',
        redirect_uris: ['http://127.0.0.1/cb'],
        grant_types: ['client_credentials', 'authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
        sallyport_servers: ['*'],
      },
    })
    const { client_id: id, client_secret: secret, grant_types: granted } = registered.body
    expect(granted).toEqual(['authorization_code'])
    const answer = await askToken({ resource: tracker }, basic(String(id), String(secret)))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error_description: expect.stringContaining('not allowed') })
    expect(answer.body).not.toHaveProperty('access_token')
  })

  it('is gone, with its tokens, when it leaves the project', async () => {
    const { body } = await askToken({ resource: tracker })
    const token = String(body['access_token'])
    expect((await postModern(tracker, token, 'tools/list')).status).toBe(200)
    expect((await gateway.reload({ ...project, settings: {} })).ok).toBe(true)
    expect((await postModern(tracker, token, 'tools/list')).message?.error?.data?.reason).toBe('token_revoked')
    expect((await askToken({ resource: tracker })).status).toBe(401)
    const metadata = await sendJson(`${gateway.publicUrl}/.well-known/oauth-authorization-server`)
    expect(metadata.body['grant_types_supported']).not.toContain('client_credentials')
    expect((await gateway.reload(project)).ok).toBe(true)
    const again = await sendJson(`${gateway.publicUrl}/.well-known/oauth-authorization-server`)
    expect(again.body['grant_types_supported']).toContain('client_credentials')
  })
})

describe('a client of the command line', () => {
  it('works beside the running gateway, and is refused within a second or so once it is revoked', async () => {
    const { id, secret } = await createClient('Robot', '--server', 'tracker')
    expect(secret).toMatch(/^sp_cs_/)
    const { body } = await askToken({ resource: tracker }, basic(id, secret))
    const token = String(body['access_token'])
    expect((await postModern(tracker, token, 'tools/list')).status).toBe(200)
    const { out } = await runCli('clients', 'list', gateway.directory)
    expect(out).toMatch(new RegExp(`${id} +Robot +default +client_secret_basic +tracker`))
    expect(out).toMatch(/reporter .*sallyport\.jsonc/)
    expect(out).not.toContain(secret)
    expect((await runCli('clients', 'revoke', id, gateway.directory)).code).toBe(0)
    // The revocation may find the request on its way and end it.
    const ask = () => postModern(tracker, token, 'tools/list').catch(() => undefined)
    const refused = async () => (await ask())?.status === 401
    await waitUntil('the token is refused', refused, 3000)
    expect((await askToken({ resource: tracker }, basic(id, secret))).body).toMatchObject({ error: 'invalid_client' })
  })

  it('signs assertions with its own key, through the official client', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }] }
    const file = join(gateway.directory, 'robot.jwks.json')
    await writeFile(file, JSON.stringify(jwks))
    const { id, secret } = await createClient('Signer', '--server', '*', '--jwks-file', file, '--tenant', 'acme')
    expect(secret).toBeNull()
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
    const options = { clientId: id, privateKey: pem, algorithm: 'ES256', expectedIssuer: gateway.publicUrl }
    expect(await listTools(new PrivateKeyJwtProvider(options))).toEqual(['echo'])
    expect(await listTools(new PrivateKeyJwtProvider(options), gateway.server('payroll'))).toEqual(['echo'])
    await gateway.waitForEvent((event) => event.clientId === id && event.tenant === 'acme')
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const forged = { ...options, privateKey: other.export({ format: 'pem', type: 'pkcs8' }) }
    await expect(listTools(new PrivateKeyJwtProvider(forged))).rejects.toThrow(/client authentication failed/i)
  })

  it.each([
    ['nothing it may do', [], 'redirect URIs for people'],
    ['a virtual server that does not exist', ['--server', 'trakcer'], 'no virtual server "trakcer"'],
    ['a redirect to a script', ['--redirect-uri', 'javascript:alert(1)'], 'the redirect URI javascript:alert(1)'],
    ['two ways to authenticate', ['--server', '*', '--jwks-uri', 'http://x'], 'jwksUri'],
    ['an id that is taken', ['--server', '*', '--id', 'reporter'], 'already'],
  ])('is not made with %s', async (_what, flags, message) => {
    const { code, errors } = await runCli('clients', 'create', 'Wrong', gateway.directory, ...flags)
    expect(code).toBe(1)
    expect(errors).toContain(message)
  })

  it('is removed where it was made', async () => {
    const refused = await runCli('clients', 'revoke', 'reporter', gateway.directory)
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('remove it there') })
    expect((await runCli('clients', 'revoke', 'none', gateway.directory)).errors).toContain('there is no client')
  })
})

describe('a route with an API key, a JWT and sign-in', () => {
  const ask = (token: string) =>
    postModern(gateway.server('everyone'), token, 'tools/call', { name: 'echo', arguments: {} })

  it('admits each kind of credential, and sends none of them upstream', async () => {
    const { out } = await runCli('keys', 'create', 'billing', gateway.directory)
    const jwt = await issuer.sign({ sub: 'customer-7' })
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('everyone'), 'ada')
    const { body } = await askToken({ resource: gateway.server('everyone') }, await everywhere())
    const tokens = [out.trim(), jwt, accessToken, String(body['access_token'])]
    for (const [index, subject] of ['billing', 'customer-7', 'ada', 'client'].entries()) {
      const token = tokens[index] ?? ''
      const answer = await ask(token)
      expect([subject, answer.status]).toEqual([subject, 200])
      expect(answer.text).not.toContain(token)
    }
    const ofRoute = (subject: string) =>
      gateway.waitForEvent((event) => event.virtualServer === 'everyone' && event.subject === subject)
    for (const subject of ['consumer:billing', `${new URL(issuer.url).host}|customer-7`, 'ada']) await ofRoute(subject)
    expect(JSON.stringify(upstream.requests.at(-1)?.headers)).not.toMatch(/sp_|eyJ/)
  })

  it.each([
    ['a mistyped key', 'sp_key_nonsense', 'key_invalid'],
    ['an unknown access token', 'sp_at_nonsense', 'token_invalid'],
    ['what nobody knows', 'nonsense', 'token_invalid'],
  ])('refuses %s', async (_what, token, reason) => {
    const answer = await ask(token)
    expect(answer).toMatchObject({ status: 401, message: { error: { data: { reason } } } })
  })

  it('refuses a JWT that is forged, without asking the sign-in policy', async () => {
    const forged = `${(await issuer.sign()).slice(0, -6)}AAAAAA`
    const answer = await ask(forged)
    expect(answer.message?.error?.data?.reason).toBe('token_invalid')
    await gateway.waitForEvent(({ policy, reason }) => policy === 'app-tokens' && reason === 'token_invalid')
  })

  it('invites whoever presents nothing to sign in', async () => {
    const answer = await postModern(gateway.server('everyone'), '', 'tools/list', {}, { authorization: '' })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
  })

  const everywhere = async () => {
    const { id, secret } = await createClient('Everywhere', '--server', '*')
    return basic(id, secret)
  }
})
