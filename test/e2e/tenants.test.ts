import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildAuthorization, redeemCode, refresh, registerClient, sendJson } from '../harness/authorization-server.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { people } from '../harness/federated-server.ts'
import { idpClientSecret, startIdentityProvider, type TestIdentityProvider } from '../harness/identity-provider.ts'
import { type JwtIssuer, startJwtIssuer } from '../harness/jwt-issuer.ts'
import { postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signInAt, type TestProject } from '../harness/write-project.ts'

// Ada is of acme and Mallory of globex, as the identity provider says.
const map = { 'tenant-1': 'acme', 'tenant-9': 'globex' }
const robot = { name: 'Robot', secret: 'a-secret-of-the-robots', servers: ['*'] }
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let upstream: EchoUpstream
let idp: TestIdentityProvider
let issuer: JwtIssuer
let gateway: TestGateway

function projectWith(tenants: { readonly [server: string]: string | undefined }): TestProject {
  const inbound = ['keys', 'app-tokens', 'sign-in', 'fair-use']
  const idJag = { enabled: true, trustedIssuers: [{ issuer: issuer.url, tenant: 'acme' }] }
  const options = { claims: { tenant: 'tid' }, tenants: { fromClaim: true, map }, idJag }
  const server = (tenant: string | undefined) => ({ upstream: upstream.url, inbound, ...(tenant && { tenant }) })
  return {
    settings: {
      clients: [
        { ...robot, id: 'acme-robot', tenant: 'acme' },
        { ...robot, id: 'globex-robot', tenant: 'globex' },
      ],
    },
    servers: {
      ...Object.fromEntries(Object.entries(tenants).map(([name, tenant]) => [name, server(tenant)])),
      limited: { upstream: upstream.url, inbound: ['keys', 'scarce'] },
    },
    policies: {
      ...signInAt(idp.issuer, idpClientSecret, options),
      keys: ['api-key-inbound', {}],
      'app-tokens': [
        'open-id-jwt-auth-inbound',
        { issuer: issuer.url, audience: 'gateway', tenants: { claim: 'org' } },
      ],
      'fair-use': ['rate-limit-inbound', { requestsAllowed: 1000, timeWindowMinutes: 1 }],
      scarce: ['rate-limit-inbound', { rateLimitBy: 'all', requestsAllowed: 1, timeWindowMinutes: 60 }],
    },
  }
}
const usual = { acme: 'acme', globex: 'globex', everyone: undefined }

beforeAll(async () => {
  ;[upstream, idp, issuer] = await Promise.all([startEchoUpstream(), startIdentityProvider(people), startJwtIssuer()])
  gateway = await startTestGateway(projectWith(usual))
  await idp.configure({ redirectUri: `${gateway.publicUrl}/oauth/callback` })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), idp.stop(), issuer.close()])
})

const list = (server: string, token: string) => postModern(gateway.server(server), token, 'tools/list')

async function statusAndReason(server: string, token: string) {
  const answer = await list(server, token)
  return [answer.status, answer.message?.error?.data?.reason]
}

async function signIn(name: string, server: string) {
  const clientId = String((await registerClient(gateway.publicUrl)).body['client_id'])
  const asked = buildAuthorization(gateway.publicUrl, clientId, { resource: gateway.server(server) })
  const { body } = await redeemCode(gateway.publicUrl, asked, await mustSignIn(asked.url, idp.issuer, { name }))
  return { clientId, accessToken: String(body['access_token']), refreshToken: body['refresh_token'] }
}

async function createKey(tenant: string): Promise<{ id: string; key: string }> {
  const { out } = await runCli('keys', 'create', 'billing', gateway.directory, '--tenant', tenant, '--json')
  return JSON.parse(out) as { id: string; key: string }
}

const requestToken = (id: string, form: Record<string, string>) =>
  sendJson(`${gateway.publicUrl}/oauth/token`, {
    form,
    headers: { authorization: `Basic ${Buffer.from(`${id}:${robot.secret}`).toString('base64')}` },
  })

describe('a route of a tenant', () => {
  it.each([
    ['an API key', async () => (await createKey('acme')).key, 'Bearer realm="sallyport"'],
    ['a JWT', () => issuer.sign({ org: 'acme' }), 'Bearer realm="sallyport"'],
  ])('admits %s of its own and refuses it elsewhere', async (_what, obtain, challenge) => {
    const token = await obtain()
    expect((await list('acme', token)).status).toBe(200)
    const refused = await list('globex', token)
    expect(refused).toMatchObject({ status: 401, message: { error: { data: { reason: 'tenant_mismatch' } } } })
    expect(refused.headers['www-authenticate']).toContain(challenge)
    const event = await gateway.waitForEvent(({ reason }) => reason === 'tenant_mismatch')
    expect(event).toMatchObject({ tenant: 'globex', virtualServer: 'globex', outcome: 'denied' })
    expect(JSON.stringify(event)).not.toMatch(/acme|billing/)
  })

  it('gives clients of another tenant no token', async () => {
    const form = (server: string) => ({ grant_type: 'client_credentials', resource: gateway.server(server) })
    expect((await requestToken('acme-robot', form('globex'))).body).toMatchObject({ error: 'invalid_target' })
    const event = await gateway.waitForEvent(
      ({ type, virtualServer }) => type === 'auth_token_rejected' && virtualServer === 'globex',
    )
    expect(event).toMatchObject({ tenant: 'globex', clientId: null, clientName: null, subject: null })
    expect(JSON.stringify(event)).not.toContain('acme')
    const { body } = await requestToken('acme-robot', form('acme'))
    expect((await list('acme', String(body['access_token']))).status).toBe(200)
  })

  it('gives nobody a token for an identity assertion of another tenant, or by a client of one', async () => {
    const assert = (server: string, client_id: string) => {
      const claims = { aud: gateway.publicUrl, client_id, resource: gateway.server(server), jti: randomUUID() }
      return issuer.sign({ ...claims, sub: 'grace' }, { typ: 'oauth-id-jag+jwt' })
    }
    const exchange = async (server: string, id: string) =>
      requestToken(id, { grant_type: jwtBearer, assertion: await assert(server, id) })
    const { body } = await exchange('acme', 'acme-robot')
    expect((await list('acme', String(body['access_token']))).status).toBe(200)
    const subject = `${new URL(issuer.url).host}|grace`
    const issued = await gateway.waitForEvent(
      (event) => event.type === 'auth_token_issued' && event.subject === subject,
    )
    expect(issued.tenant).toBe('acme')
    expect((await exchange('globex', 'acme-robot')).body).toMatchObject({ error: 'invalid_grant' })
    expect((await exchange('everyone', 'globex-robot')).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('lets only people of its own sign in', async () => {
    expect((await list('acme', (await signIn('ada', 'acme')).accessToken)).status).toBe(200)
    await expect(signIn('mallory', 'acme')).rejects.toThrow('identity_not_allowed')
    await expect(signIn('eve', 'everyone')).rejects.toThrow('identity_not_allowed')
    const failed = (server: string) =>
      gateway.waitForEvent((event) => event.type === 'auth_sign_in_failed' && event.virtualServer === server)
    expect(await failed('acme')).toMatchObject({ tenant: 'acme', reason: 'identity_not_allowed', outcome: 'denied' })
    expect((await failed('everyone')).detail).toContain('does not name one tenant of this gateway')
  })

  it('refuses tokens from before it was given to another tenant, and says where to sign in', async () => {
    const { clientId, accessToken, refreshToken } = await signIn('ada', 'everyone')
    expect((await list('everyone', accessToken)).status).toBe(200)
    await gateway.reload(projectWith({ ...usual, everyone: 'globex' }))
    const refused = await list('everyone', accessToken)
    expect(refused.message?.error?.data?.reason).toBe('tenant_mismatch')
    expect(refused.headers['www-authenticate']).toContain('resource_metadata=')
    expect((await refresh(gateway.publicUrl, clientId, refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
    await gateway.reload(projectWith(usual))
    expect(await statusAndReason('everyone', accessToken)).toEqual([200, undefined])
  })
})

describe('a route without a tenant', () => {
  it('serves every tenant, each in its own', async () => {
    const [ada, mallory] = [await signIn('ada', 'everyone'), await signIn('mallory', 'everyone')]
    for (const { accessToken } of [ada, mallory]) expect((await list('everyone', accessToken)).status).toBe(200)
    for (const [{ clientId }, tenant] of [
      [ada, 'acme'],
      [mallory, 'globex'],
    ] as const) {
      for (const type of ['auth_token_issued', 'capability_listed'] as const) {
        const event = await gateway.waitForEvent((each) => each.type === type && each.clientId === clientId)
        expect(event).toMatchObject({ tenant, virtualServer: 'everyone' })
      }
    }
  })

  it('counts what each tenant uses apart', async () => {
    const [acme, globex] = [(await createKey('acme')).key, (await createKey('globex')).key]
    expect((await list('limited', acme)).status).toBe(200)
    expect(await statusAndReason('limited', acme)).toEqual([429, 'limit_rate_exceeded'])
    expect((await list('limited', globex)).status).toBe(200)
  })
})

describe('the command line', () => {
  const grants = async (...flags: string[]) => {
    const { out } = await runCli('grants', 'list', gateway.directory, '--json', ...flags)
    return JSON.parse(out) as { id: string; tenant: string; subject: string }[]
  }

  it('lists and revokes grants of one tenant and leaves those of the others', async () => {
    const [ada, mallory] = [await signIn('ada', 'everyone'), await signIn('mallory', 'everyone')]
    const all = await grants()
    expect(new Set(all.map(({ tenant }) => tenant))).toEqual(new Set(['acme', 'globex']))
    expect(await grants('--tenant', 'globex')).toEqual(all.filter(({ tenant }) => tenant === 'globex'))
    expect(await grants('--tenant', 'default')).toEqual([])
    const table = (await runCli('grants', 'list', gateway.directory, '--tenant', 'acme')).out
    expect(table).toMatch(/TENANT +SUBJECT/)
    expect(table).not.toContain('globex')
    const ofMallory = await grants('--tenant', 'globex', '--client', mallory.clientId)
    const wrong = ['--tenant', 'acme', '--id', ofMallory[0]?.id ?? '']
    expect((await runCli('grants', 'revoke', gateway.directory, ...wrong)).out).toContain('revoked 0 grants')
    expect((await runCli('grants', 'revoke', gateway.directory, '--tenant', 'globex')).code).toBe(0)
    expect(await grants('--tenant', 'globex')).toEqual([])
    const revoked = await gateway.waitForEvent(
      ({ type, clientId }) => type === 'auth_token_revoked' && clientId === mallory.clientId,
    )
    expect(revoked.tenant).toBe('globex')
    expect((await list('everyone', ada.accessToken)).status).toBe(200)
  })

  it('lists and removes clients within their tenant', async () => {
    const flags = ['--server', '*', '--tenant', 'globex', '--json']
    const { out } = await runCli('clients', 'create', 'Made here', gateway.directory, ...flags)
    const { id } = JSON.parse(out) as { id: string }
    const listed = async (tenant: string) => {
      const answer = await runCli('clients', 'list', gateway.directory, '--json', '--tenant', tenant)
      return (JSON.parse(answer.out) as { id: string }[]).map((client) => client.id)
    }
    expect(await listed('globex')).toEqual(['globex-robot', id])
    expect(await listed('acme')).toEqual(['acme-robot'])
    const refused = await runCli('clients', 'revoke', id, gateway.directory)
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('in tenant default') })
    expect((await runCli('clients', 'revoke', id, gateway.directory, '--tenant', 'globex')).code).toBe(0)
    expect(await listed('globex')).toEqual(['globex-robot'])
  })

  it('shows events of one tenant', async () => {
    const { accessToken } = await signIn('mallory', 'everyone')
    await list('everyone', accessToken)
    await gateway.waitForEvent(({ type, tenant }) => type === 'capability_listed' && tenant === 'globex')
    const { out } = await runCli('events', gateway.directory, '--json', '--limit', '1000', '--tenant', 'globex')
    const shown = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { tenant: string }).tenant)
    expect(new Set(shown)).toEqual(new Set(['globex']))
  })

  it.each([
    ['keys', 'create', 'billing'],
    ['clients', 'list'],
    ['grants', 'list'],
  ])('%s %s takes no name that cannot be a tenant', async (...command) => {
    const refused = await runCli(...command, '--tenant', 'Acme Corp')
    expect(refused).toMatchObject({ code: 2, errors: expect.stringContaining('must be a tenant') })
  })
})
