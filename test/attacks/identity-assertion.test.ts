import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendJson } from '../harness/authorization-server.ts'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'

const client = { id: 'editor', name: 'Managed editor', secret: 'secret-of-the-editor', servers: ['tracker'] }
const other = { ...client, id: 'other-editor', secret: 'secret-of-the-other' }
const stranger = { ...client, id: 'stranger', secret: 'secret-of-a-stranger' }
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let issuer: JwtIssuer
let evil: JwtIssuer
let upstream: EchoUpstream
let gateway: TestGateway
let tracker: string

beforeAll(async () => {
  issuer = await startJwtIssuer()
  evil = await startJwtIssuer()
  upstream = await startEchoUpstream()
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  const trusted = { issuer: issuer.url, expectedClientIds: ['editor', 'other-editor'] }
  const scopes = { tracker: { tools: { delete_issue: ['issues:delete'] } } }
  const idJag = { enabled: true, trustedIssuers: [trusted] }
  gateway = await startTestGateway({
    settings: { clients: [client, other, stranger] },
    servers: { tracker: server, payroll: server },
    policies: { 'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, idJag, scopes }] },
  })
  tracker = gateway.server('tracker')
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), issuer.close(), evil.close()])
})

type Claims = Record<string, unknown>

/** Good claims, and the header of an identity assertion, with changes. */
function assertion(changes: Claims = {}, header: Claims = {}, by = issuer): Promise<string> {
  const claims = { aud: gateway.publicUrl, client_id: 'editor', resource: tracker, jti: randomUUID() }
  return by.sign({ ...claims, iss: issuer.url, scope: 'mcp:tools', ...changes }, { typ: 'oauth-id-jag+jwt', ...header })
}

async function exchange(text: string, form: Record<string, string> = {}, as: { id: string; secret: string } = client) {
  const authorization = `Basic ${Buffer.from(`${as.id}:${as.secret}`).toString('base64')}`
  const all = { grant_type: grantType, assertion: text, ...form }
  return sendJson(`${gateway.publicUrl}/oauth/token`, { form: all, headers: { authorization } })
}

describe('an identity assertion', () => {
  test('of a trusted issuer is exchanged for a token to its resource, without a refresh token', async () => {
    const { status, body } = await exchange(await assertion({ sub: 'ada' }))
    const token = { access_token: expect.stringMatching(/^sp_at_/), token_type: 'Bearer', expires_in: 900 }
    expect([status, body]).toEqual([200, { ...token, scope: 'mcp:tools' }])
    const answer = await postModern(tracker, String(body['access_token']), 'tools/list')
    expect(answer.status).toBe(200)
    const subject = `${new URL(issuer.url).host}|ada`
    await gateway.waitForEvent((event) => event.type === 'capability_listed' && event.subject === subject)
    await gateway.waitForEvent((event) => event.type === 'auth_token_issued' && event.subject === subject)
    const elsewhere = await postModern(gateway.server('payroll'), String(body['access_token']), 'tools/list')
    expect(elsewhere.message?.error?.data?.reason).toBe('token_wrong_audience')
  })

  test('is named in the server metadata', async () => {
    const { body } = await sendJson(`${gateway.publicUrl}/.well-known/oauth-authorization-server`)
    expect(body['grant_types_supported']).toContain(grantType)
    expect(body['authorization_grant_profiles_supported']).toEqual(['urn:ietf:params:oauth:grant-profile:id-jag'])
  })

  const now = () => Math.floor(Date.now() / 1000)
  test.each<[string, () => Claims, Claims?]>([
    ['another type', () => ({}), { typ: 'JWT' }],
    ['no type', () => ({}), { typ: undefined }],
    ['an unknown key', () => ({}), { kid: 'none' }],
    ['another audience', () => ({ aud: 'https://other.example' })],
    ['the audience of a virtual server', () => ({ aud: tracker })],
    ['several audiences', () => ({ aud: [gateway.publicUrl, 'https://other.example'] })],
    ['an untrusted issuer', () => ({ iss: evil.url })],
    ['another client', () => ({ client_id: 'other-editor' })],
    ['an unexpected client', () => ({ client_id: 'stranger' })],
    ['no client', () => ({ client_id: undefined })],
    ['a resource of somebody else', () => ({ resource: 'https://other.example/mcp' })],
    ['several resources', () => ({ resource: [tracker, gateway.server('payroll')] })],
    ['no resource', () => ({ resource: undefined })],
    ['no subject', () => ({ sub: undefined })],
    ['an empty subject', () => ({ sub: '' })],
    ['no id', () => ({ jti: undefined })],
    ['a number as id', () => ({ jti: 7 })],
    ['no expiry', () => ({ exp: undefined })],
    ['a past expiry', () => ({ exp: now() - 60 })],
    ['no time of issue', () => ({ iat: undefined })],
    ['an old time of issue', () => ({ iat: now() - 3600 })],
    ['a time of issue to come', () => ({ iat: now() + 3600 })],
    ['a time before which it is not valid', () => ({ nbf: now() + 3600 })],
    ['a key of the client that nobody proved (cnf)', () => ({ cnf: { jkt: 'x' } })],
    ['scopes that are no text', () => ({ scope: ['mcp:tools'] })],
  ])('with %s is refused', async (_what, changes, header) => {
    const { status, body } = await exchange(await assertion(changes(), header))
    expect([status, body['error']]).toEqual([400, 'invalid_grant'])
    expect(body).toMatchObject({ reason: 'grant_invalid' })
  })

  test('signed by somebody else, unsigned, or signed with the public key is refused', async () => {
    const forged = await assertion({}, {}, evil)
    const [header, payload] = (await assertion()).split('.')
    const none = `${Buffer.from('{"alg":"none","typ":"oauth-id-jag+jwt"}').toString('base64url')}.${payload}.`
    const { publicKey } = await generateKeyPair('RS256', { extractable: true })
    const brought = await assertion({}, { jwk: await exportJWK(publicKey) }, evil)
    for (const text of [forged, none, `${header}.${payload}.`, brought, 'x', '']) {
      const { body } = await exchange(text)
      expect(['invalid_grant', 'invalid_request']).toContain(body['error'])
    }
  })

  test('works once, however many ask at once', async () => {
    const text = await assertion()
    const answers = await Promise.all([1, 2, 3, 4].map(() => exchange(text)))
    expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([200, 400, 400, 400])
    expect((await exchange(text)).body).toMatchObject({ error: 'invalid_grant' })
  })

  test('is not used up by a client that it was not made for', async () => {
    const text = await assertion()
    expect((await exchange(text, {}, other)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await exchange(text)).status).toBe(200)
  })

  test('needs a client that authenticates', async () => {
    const wrong = await exchange(await assertion(), {}, { ...client, secret: 'a-wrong-secret-here' })
    expect([wrong.status, wrong.body['error']]).toEqual([401, 'invalid_client'])
    const registered = await sendJson(`${gateway.publicUrl}/oauth/register`, {
      json: { redirect_uris: ['http://127.0.0.1/cb'], grant_types: [grantType] },
    })
    const id = String(registered.body['client_id'])
    const form = { grant_type: grantType, client_id: id, assertion: await assertion({ client_id: id }) }
    const open = await sendJson(`${gateway.publicUrl}/oauth/token`, { form })
    expect(open.status).toBe(400)
    expect(open.body).not.toHaveProperty('access_token')
  })

  test('asked for another resource than it names is refused', async () => {
    const { body } = await exchange(await assertion(), { resource: gateway.server('payroll') })
    expect(body).toMatchObject({ error: 'invalid_grant' })
    expect((await exchange(await assertion(), { resource: tracker })).status).toBe(200)
  })
})

test('scope escalation by an identity assertion', async () => {
  const narrow = await exchange(await assertion({ scope: 'other' }), { scope: 'mcp:tools' })
  expect(narrow.body).toMatchObject({ error: 'invalid_scope' })
  const wide = await exchange(await assertion({ scope: 'mcp:tools admin' }), { scope: 'mcp:tools admin' })
  expect(wide.body).toMatchObject({ scope: 'mcp:tools' })
})

test('scope escalation by an identity assertion that says nothing about scopes', async () => {
  const silent = { scope: undefined }
  expect((await exchange(await assertion(silent))).body).toMatchObject({ scope: 'mcp:tools' })
  const asked = await exchange(await assertion(silent), { scope: 'mcp:tools issues:delete' })
  expect(asked.body).toMatchObject({ scope: 'mcp:tools' })
  const allowed = await exchange(await assertion({ scope: 'mcp:tools issues:delete' }))
  expect(allowed.body).toMatchObject({ scope: 'mcp:tools issues:delete' })
})

test('where no issuer is trusted the grant does not exist', async () => {
  const closed = await startTestGateway({
    settings: { clients: [client] },
    servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: { 'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' } }] },
  })
  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  const form = { grant_type: grantType, assertion: await assertion({ aud: closed.publicUrl }) }
  const answer = await sendJson(`${closed.publicUrl}/oauth/token`, { form, headers: { authorization } })
  expect([answer.status, answer.body['error']]).toEqual([400, 'unsupported_grant_type'])
  const { body } = await sendJson(`${closed.publicUrl}/.well-known/oauth-authorization-server`)
  expect(body['grant_types_supported']).not.toContain(grantType)
  expect(body).not.toHaveProperty('authorization_grant_profiles_supported')
  await closed.close()
})

describe('subject confusion by an identity assertion', () => {
  let lenient: TestGateway
  const subjects = async (changes: Claims) => {
    const claims = { aud: lenient.publicUrl, client_id: 'editor', resource: lenient.server('tracker') }
    const signed = await issuer.sign(
      { ...claims, jti: randomUUID(), scope: 'mcp:tools', ...changes },
      { typ: 'oauth-id-jag+jwt' },
    )
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
    const form = { grant_type: grantType, assertion: signed }
    return (await sendJson(`${lenient.publicUrl}/oauth/token`, { form, headers: { authorization } })).status
  }
  const start = (options: object) =>
    startTestGateway({
      settings: { clients: [client] },
      servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: { 'sign-in': ['mcp-oauth-inbound', options] },
    })
  const login = { clientId: 'gateway', clientSecret: 'a-secret-at-the-provider' }

  test('an issuer without a prefix cannot name a person of another one', async () => {
    const trustedIssuers = [{ issuer: issuer.url, subjectMapping: 'sub_id_only' }]
    const idJag = { enabled: true, trustedIssuers }
    lenient = await start({ oidc: { issuer: 'https://login.example.com' }, browserLogin: login, idJag })
    expect(await subjects({ sub: 'ada' })).toBe(200)
    expect(await subjects({ sub: 'auth0|ada' })).toBe(200)
    for (const sub of ['login.example.com|ada', '127.0.0.1:80|ada', 'localhost/realm|ada']) {
      expect(await subjects({ sub })).toBe(400)
    }
    await lenient.close()
  })

  test.each(['ada\n', ' ada', 'a'.repeat(256), 'a\u202eda'])('the subject %j is refused', async (sub) => {
    expect((await exchange(await assertion({ sub }))).body).toMatchObject({ error: 'invalid_grant' })
  })

  test.each([
    ['by default', undefined],
    ['by name', 'named'],
  ])(
    'allow-list bypass: who may not sign in at the provider may not come by its assertions, trusted %s',
    async (_how, named) => {
      const trustedIssuers = named === undefined ? undefined : [{ issuer: issuer.url }]
      const idJag = { enabled: true, trustedIssuers }
      const allow = { emailDomains: ['example.com'], tenants: ['tenant-1'] }
      const claims = { tenant: 'tid' }
      lenient = await start({ oidc: { issuer: issuer.url }, browserLogin: login, idJag, allow, claims })
      const good = { tid: 'tenant-1', email: 'ada@example.com', email_verified: true }
      expect(await subjects(good)).toBe(200)
      const bad = [{ tid: 'tenant-9' }, { tid: undefined }, { email: 'ada@evil.example' }, { email_verified: false }]
      for (const change of bad) expect(await subjects({ ...good, ...change })).toBe(400)
      await lenient.close()
    },
  )
})
