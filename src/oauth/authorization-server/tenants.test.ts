import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AuthorizationRequest,
  buildAuthorization,
  redeemCode,
  refresh,
  registerClient,
  sendJson,
  testVault,
} from '../../../test/harness/authorization-server.ts'
import { openBrowser, readFormToken } from '../../../test/harness/browser-login.ts'
import { completeFederatedSignIn, type FederatedChoices, mustSignIn } from '../../../test/harness/federated-login.ts'
import {
  describeProvider,
  type FederatedServer,
  people,
  startFederatedServer,
} from '../../../test/harness/federated-server.ts'
import { Secret } from '../../lib/secret.ts'
import { storeClient } from './pre-registered-clients.ts'

const map = { 'tenant-1': 'acme', 'tenant-9': 'globex' }
const hosted = 'https://client.example/callback'
let federated: FederatedServer
let url: string
let clientId: string

beforeAll(async () => {
  federated = await startFederatedServer()
  url = federated.running.url
  clientId = await register()
})
afterAll(() => federated.close())
beforeEach(async () => {
  federated.configure({ ...describeProvider(federated.idp.issuer), tenants: { map } })
  await federated.idp.configure({ people })
  route(undefined)
})

async function register(): Promise<string> {
  const metadata = { redirect_uris: [hosted], token_endpoint_auth_method: 'none' }
  return String((await registerClient(url, metadata)).body['client_id'])
}

/** Gives the tracker to a tenant, or to all. */
function route(tenant: string | undefined): void {
  const { virtualServers } = federated.running
  const [tracker] = virtualServers
  if (tracker) virtualServers[0] = { ...tracker, tenant }
}

const authorize = (client = clientId) => buildAuthorization(url, client, { redirect_uri: hosted })
const subjectOf = (name: string) => `${new URL(federated.idp.issuer).host}|${name}`
const lastEvent = (type: string) => federated.running.events.findLast((event) => event.type === type)
const asOf = (tid: string | undefined, claims: object = {}) => ({ ada: { ...people['ada'], tid, ...claims } })

async function obtain(choices: Partial<FederatedChoices> = {}, asked: AuthorizationRequest = authorize()) {
  const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', ...choices })
  const { body } = await redeemCode(url, asked, redirect)
  return { accessToken: String(body['access_token']), refreshToken: body['refresh_token'] }
}

async function verify(token: string) {
  const outcome = await federated.running.server.verifier.verify(token)
  if (typeof outcome === 'string') throw new Error(outcome)
  return outcome.subject
}

async function expectRefused(choices: Partial<FederatedChoices> = {}, asked = authorize()) {
  const { page } = await completeFederatedSignIn(asked.url, federated.idp.issuer, { name: 'ada', ...choices })
  expect(page?.text).toContain('<code>identity_not_allowed</code>')
  return { page, event: lastEvent('auth_sign_in_failed') }
}

describe('a claim names the tenant', () => {
  test('of the grant, its tokens, the person and every event', async () => {
    const { accessToken, refreshToken } = await obtain()
    expect(await verify(accessToken)).toMatchObject({ id: subjectOf('ada'), tenant: 'acme' })
    const renewed = await refresh(url, clientId, refreshToken)
    expect(await verify(String(renewed.body['access_token']))).toMatchObject({ tenant: 'acme' })
    const { oauth } = federated.running.storage
    for (const model of ['Grant', 'AccessToken', 'RefreshToken', 'AuthorizationCode', 'Consent', 'Person']) {
      expect([model, await oauth.count(model, 'acme')]).toEqual([model, expect.any(Number)])
      expect(await oauth.count(model, 'acme')).toBeGreaterThan(0)
      if (model !== 'Person') expect([model, await oauth.count(model, 'default')]).toEqual([model, 0])
    }
    for (const type of ['auth_signed_in', 'auth_consent_given', 'auth_token_issued', 'auth_token_refreshed']) {
      expect(lastEvent(type)).toMatchObject({ tenant: 'acme', subject: subjectOf('ada') })
    }
    await sendJson(`${url}/oauth/revoke`, { form: { token: accessToken, client_id: clientId } })
    expect(lastEvent('auth_token_revoked')).toMatchObject({ tenant: 'acme' })
  })

  test.each([
    ['is not in the map', 'tenant-7'],
    ['is in the map in other letters', 'TENANT-1'],
    ['is a name of an object', 'constructor'],
    ['is missing', undefined],
  ])('nobody signs in whose value %s', async (_what, tid) => {
    await federated.idp.configure({ people: asOf(tid) })
    const { event, page } = await expectRefused()
    expect(event).toMatchObject({ outcome: 'denied', detail: expect.stringContaining('does not name one tenant') })
    expect(page?.text).toContain('account=other')
  })

  test('without a map it is the value itself, if it can be one', async () => {
    federated.configure({ tenants: {} })
    expect(await verify((await obtain()).accessToken)).toMatchObject({ tenant: 'tenant-1' })
    await federated.idp.configure({ people: asOf('Not A Tenant') })
    await expectRefused()
  })

  test('who is in several is in none', async () => {
    federated.configure({
      claims: { roles: [], groups: [], tenant: ['groups'] },
      tenants: { map: { a: 'acme', b: 'globex' } },
    })
    await federated.idp.configure({ people: asOf('tenant-1', { groups: ['a', 'b'] }) })
    await expectRefused()
    await federated.idp.configure({ people: asOf('tenant-1', { groups: ['a', 'other'] }) })
    expect(await verify((await obtain()).accessToken)).toMatchObject({ tenant: 'acme' })
  })

  test('a map that was changed counts with the reload', async () => {
    const { accessToken, refreshToken } = await obtain()
    federated.configure({ tenants: { map: { 'tenant-1': 'elsewhere' } } })
    federated.running.server.verifier.forgetAll()
    expect(await federated.running.server.verifier.verify(accessToken)).toBe('token_revoked')
    expect((await refresh(url, clientId, refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a route names the tenant', () => {
  test('where claims do not', async () => {
    federated.configure({ tenants: undefined })
    route('acme')
    const { accessToken, refreshToken } = await obtain()
    expect(await verify(accessToken)).toMatchObject({ tenant: 'acme' })
    expect(lastEvent('auth_consent_given')).toMatchObject({ tenant: 'acme' })
    route('globex')
    expect((await refresh(url, clientId, refreshToken)).status).toBe(400)
    expect(await verify((await obtain()).accessToken)).toMatchObject({ tenant: 'globex' })
    route(undefined)
    expect(await verify((await obtain()).accessToken)).toMatchObject({ tenant: 'default' })
  })

  test('and people of another do not come in', async () => {
    route('globex')
    const { event } = await expectRefused()
    expect(event?.detail).toBe('account and virtual server are of different tenants')
    expect(await verify((await obtain({ name: 'mallory' })).accessToken)).toMatchObject({ tenant: 'globex' })
  })

  test('also those who are signed in to the browser already', async () => {
    const browser = openBrowser()
    await obtain({ browser })
    route('globex')
    const grants = await federated.running.storage.oauth.count('Grant')
    const before = federated.running.events.length
    await expectRefused({ browser })
    expect(await federated.running.storage.oauth.count('Grant')).toBe(grants)
    const ofGlobex = federated.running.events.slice(before).filter(({ tenant }) => tenant === 'globex')
    expect(ofGlobex.map(({ type }) => type)).toContain('auth_authorize_started')
    expect(JSON.stringify(ofGlobex)).not.toMatch(/\|ada|acme/)
  })

  test('also those who had the consent page open when it was given away', async () => {
    let consent: URL | undefined
    const browser = openBrowser()
    await completeFederatedSignIn(authorize(await register()).url, federated.idp.issuer, {
      name: 'ada',
      browser,
      decision: 'allow',
      onRedirect: (next) => {
        if (next.pathname.includes('/consent/')) consent = next
        return consent ? undefined : next
      },
    })
    const page = await browser.get(consent ?? '')
    const form_token = readFormToken(page)
    route('globex')
    const answer = await browser.post(page.url, { form_token, decision: 'allow' })
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('<code>identity_not_allowed</code>')
  })
})

describe('somebody who is in one tenant today and in another one tomorrow', () => {
  test('has the roles of each where they are, and a client of the first stays in the first', async () => {
    await federated.idp.configure({ people: asOf('tenant-1', { roles: ['reader'] }) })
    const acme = await obtain()
    await federated.idp.configure({ people: asOf('tenant-9', { roles: ['admin'] }) })
    const globex = await obtain()
    expect(await verify(globex.accessToken)).toMatchObject({ tenant: 'globex', data: { roles: ['admin'] } })
    federated.running.server.verifier.forgetAll()
    expect(await verify(acme.accessToken)).toMatchObject({ tenant: 'acme', data: { roles: ['reader'] } })
    const renewed = await refresh(url, clientId, acme.refreshToken)
    expect(await verify(String(renewed.body['access_token']))).toMatchObject({
      tenant: 'acme',
      data: { roles: ['reader'] },
    })
  })

  test('is asked for consent in each', async () => {
    const client = await register()
    const given = () => federated.running.events.filter(({ type }) => type === 'auth_consent_given').length
    await federated.idp.configure({ people: asOf('tenant-1') })
    await obtain({}, authorize(client))
    const before = given()
    await obtain({}, authorize(client))
    expect(given()).toBe(before)
    await federated.idp.configure({ people: asOf('tenant-9') })
    await obtain({}, authorize(client))
    expect(given()).toBe(before + 1)
  })
})

describe('a pre-registered client belongs to a tenant', () => {
  const robot = { name: 'Robot', secret: new Secret('a-secret-of-the-robot'), servers: ['*'], scopes: [] }
  const tokenOf = (id: string) =>
    sendJson(`${url}/oauth/token`, {
      form: { grant_type: 'client_credentials', resource: `${url}/mcp/tracker` },
      headers: { authorization: `Basic ${Buffer.from(`${id}:a-secret-of-the-robot`).toString('base64')}` },
    })
  beforeAll(async () => {
    const { oauth } = federated.running.storage
    for (const tenant of ['acme', 'globex']) {
      const client = { ...robot, id: `robot-${tenant}`, tenant, redirectUris: [hosted] }
      await storeClient(client, oauth, testVault)
    }
  })

  test('and receives tokens of its own there only', async () => {
    const { body } = await tokenOf('robot-acme')
    expect(await verify(String(body['access_token']))).toMatchObject({ tenant: 'acme', id: 'client:robot-acme' })
    expect(lastEvent('auth_token_issued')).toMatchObject({ tenant: 'acme', clientId: 'robot-acme' })
    route('globex')
    expect((await tokenOf('robot-acme')).body).toMatchObject({ error: 'invalid_target' })
    expect((await tokenOf('robot-globex')).status).toBe(200)
  })

  test('and whose tenant was changed has no token any more', async () => {
    const moving = { ...robot, id: 'moving', redirectUris: [] }
    const { oauth } = federated.running.storage
    await storeClient({ ...moving, tenant: 'acme' }, oauth, testVault)
    const token = String((await tokenOf('moving')).body['access_token'])
    expect(await verify(token)).toMatchObject({ tenant: 'acme' })
    const record = (await oauth.list('Client', 100, 'acme')).find(({ payload }) => payload.includes('"moving"'))
    await oauth.destroy('Client', record?.idHash ?? '')
    await storeClient({ ...moving, tenant: 'globex' }, oauth, testVault)
    federated.running.server.verifier.forgetAll()
    expect(await federated.running.server.verifier.verify(token)).toBe('token_revoked')
  })

  test('and people of another do not sign in through it', async () => {
    const { event } = await expectRefused({}, authorize('robot-globex'))
    expect(event?.detail).toBe('account and client are of different tenants')
    federated.configure({ tenants: undefined })
    route('acme')
    const { redirect } = await completeFederatedSignIn(authorize('robot-globex').url, federated.idp.issuer, {
      name: 'ada',
    })
    expect(redirect?.searchParams.get('error')).toBe('invalid_target')
  })
})
