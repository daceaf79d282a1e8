import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AuthorizationRequest,
  buildAuthorization,
  redeemCode,
  refresh,
  registerClient,
} from '../../test/harness/authorization-server.ts'
import { completeSignIn, openBrowser } from '../../test/harness/browser-login.ts'
import { completeFederatedSignIn, type FederatedChoices, mustSignIn } from '../../test/harness/federated-login.ts'
import {
  describeProvider,
  type FederatedServer,
  people,
  startFederatedServer,
} from '../../test/harness/federated-server.ts'
import { Secret } from '../lib/secret.ts'

let federated: FederatedServer
let clientId: string
let nowMs: number | undefined
beforeAll(async () => {
  federated = await startFederatedServer({ clock: () => nowMs ?? Date.now() })
  clientId = String((await registerClient(federated.running.url)).body['client_id'])
})
afterAll(() => federated.close())
beforeEach(async () => {
  nowMs = undefined
  federated.configure(describeProvider(federated.idp.issuer))
  await federated.idp.setClock(0)
  await federated.idp.configure({ people, thinIdTokens: false, idTokenTtlSeconds: 600 })
})

const authorize = () => buildAuthorization(federated.running.url, clientId)
const subjectOf = (name: string) => `${federated.idp.issuer.replace('http://', '')}|${name}`
const lastFailure = () => federated.running.events.findLast((event) => event.type === 'auth_sign_in_failed')

async function obtain(asked: AuthorizationRequest, choices: FederatedChoices): Promise<string> {
  const redirect = await mustSignIn(asked.url, federated.idp.issuer, choices)
  return String((await redeemCode(federated.running.url, asked, redirect)).body['access_token'])
}

async function verify(token: string) {
  const outcome = await federated.running.server.verifier.verify(token)
  if (typeof outcome === 'string') throw new Error(outcome)
  return outcome.subject
}

async function expectRefused(choices: FederatedChoices, reason: string, status: number, detail: string | RegExp) {
  const { page } = await completeFederatedSignIn(authorize().url, federated.idp.issuer, choices)
  expect(page?.status).toBe(status)
  expect(page?.text).toContain(`<code>${reason}</code>`)
  const event = lastFailure()
  expect(event).toMatchObject({ reason, httpStatus: status, clientId, virtualServer: 'tracker' })
  expect(event?.detail).toMatch(detail)
  expect(page?.text).toContain(event?.requestId ?? 'no request id')
  return page
}

describe('a person of the company', () => {
  test('signs in, and policies see roles and groups', async () => {
    const subject = await verify(await obtain(authorize(), { name: 'ada' }))
    expect(subject.id).toBe(subjectOf('ada'))
    expect(subject.data).toEqual({
      sub: subjectOf('ada'),
      roles: ['admin', 'reader'],
      groups: ['engineering'],
      tenant: 'tenant-1',
    })
    const signedIn = federated.running.events.findLast((event) => event.type === 'auth_signed_in')
    expect(signedIn).toMatchObject({ outcome: 'success', subject: subjectOf('ada'), clientId })
  })

  test('sends PKCE, nonce and state, and never asks for a long-lived token', async () => {
    const { redirect } = await completeFederatedSignIn(authorize().url, federated.idp.issuer, {
      name: 'ada',
      onRedirect: (url) => (url.origin === federated.idp.issuer ? undefined : url),
    })
    const query = redirect?.searchParams
    expect(query?.get('code_challenge_method')).toBe('S256')
    for (const name of ['code_challenge', 'nonce', 'state']) expect(query?.get(name)?.length).toBeGreaterThan(40)
    expect(query?.get('scope')).toBe('openid profile email')
    expect(query?.get('redirect_uri')).toBe(`${federated.running.url}/oauth/callback`)
  })

  test('sees the own name on the consent page, not the identifier', async () => {
    const browser = openBrowser()
    let consent: URL | undefined
    await completeFederatedSignIn(authorize().url, federated.idp.issuer, {
      name: 'ada',
      browser,
      onRedirect: (url) => {
        if (url.pathname.includes('/consent/')) consent = url
        return consent ? undefined : url
      },
    })
    expect((await browser.get(consent ?? '')).text).toContain(
      'Signed in as <strong>Ada Lovelace (ada@example.com)</strong>',
    )
  })

  test('is found also where the ID token says little', async () => {
    await federated.idp.configure({ thinIdTokens: true })
    federated.configure({ allow: { emailDomains: ['example.com'] } })
    const subject = await verify(await obtain(authorize(), { name: 'ada' }))
    expect(subject.data['roles']).toEqual(['admin', 'reader'])
  })

  test('has the roles of the last sign-in, also with a token from before', async () => {
    const token = await obtain(authorize(), { name: 'ada' })
    expect((await verify(token)).data['roles']).toEqual(['admin', 'reader'])
    await federated.idp.configure({ people: { ada: { ...people['ada'], roles: ['reader'] } } })
    await obtain(authorize(), { name: 'ada' })
    expect((await verify(token)).data['roles']).toEqual(['reader'])
  })

  test('may have roles elsewhere', async () => {
    federated.configure({ claims: { roles: ['realm_access.roles'], groups: [], tenant: [] } })
    expect((await verify(await obtain(authorize(), { name: 'ada' }))).data).toMatchObject({
      roles: ['realm-admin'],
      groups: [],
    })
  })

  test('is named by other claims where the provider needs that', async () => {
    federated.configure({ subjectClaims: ['tid', 'oid'] })
    const subject = await verify(await obtain(authorize(), { name: 'ada' }))
    expect(subject.id).toBe(subjectOf('tenant-1.object-ada'))
  })

  test('asks for an account when signing in as somebody else', async () => {
    const browser = openBrowser()
    await obtain(authorize(), { name: 'ada', browser })
    const asked: string[] = []
    const subject = await verify(
      await obtain(buildAuthorization(federated.running.url, clientId, { prompt: 'login' }), {
        name: 'eve',
        browser,
        onRedirect: (url) => {
          if (url.pathname === '/auth') asked.push(url.searchParams.get('prompt') ?? '')
          return url
        },
      }),
    )
    expect(asked).toEqual(['login'])
    expect(subject.id).toBe(subjectOf('eve'))
  })
})

describe('who may not', () => {
  test('a person who cancels, or whom the provider refuses', async () => {
    const page = await expectRefused({ name: 'ada', atProvider: 'cancel' }, 'identity_refused', 403, /^access_denied/)
    expect(lastFailure()?.outcome).toBe('denied')
    expect(page?.text).toMatch(/href="\/oauth\/sign-in\/[\w-]+\?account=other"/)
  })

  test.each([
    ['of another tenant', { tenants: ['tenant-1'] }, 'mallory', /allow.tenants/],
    ['of another hosted domain', { hostedDomains: ['EXAMPLE.com'] }, 'mallory', /hd is not/],
    ['without a hosted domain', { hostedDomains: ['example.com'] }, 'eve', /hd is not/],
    ['of another email domain', { emailDomains: ['example.com'] }, 'mallory', /domain of the email/],
    ['who wrote an address of the company into the profile', { emailDomains: ['example.com'] }, 'eve', /not verified/],
    ['who fits one list of two', { emailDomains: ['evil.example'], tenants: ['tenant-1'] }, 'mallory', /allow.tenants/],
  ])('somebody %s', async (_who, allow, name, detail) => {
    federated.configure({ allow })
    await expectRefused({ name }, 'identity_not_allowed', 403, detail)
    expect(lastFailure()?.outcome).toBe('denied')
  })

  test('a colleague may, under the same lists', async () => {
    federated.configure({
      allow: { tenants: ['TENANT-1'], hostedDomains: ['example.com'], emailDomains: ['Example.Com'] },
    })
    expect((await verify(await obtain(authorize(), { name: 'ada' }))).id).toBe(subjectOf('ada'))
  })

  test('somebody whom the provider cannot name', async () => {
    federated.configure({ subjectClaims: ['tid', 'oid'] })
    await expectRefused({ name: 'mallory' }, 'identity_response_invalid', 502, /no usable tid and oid/)
  })
})

describe('people from before', () => {
  const running = () => federated.running

  test('who signed in by dev login are asked again, and their clients are signed out', async () => {
    const browser = openBrowser()
    running().settings.devLogin = true
    const asked = authorize()
    const redirect = await completeSignIn(asked.url, { subject: 'ada', browser })
    const tokens = await redeemCode(running().url, asked, redirect)
    running().settings.devLogin = false
    const refused = await refresh(running().url, clientId, tokens.body['refresh_token'])
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant', reason: 'grant_invalid' } })
    const subject = await verify(await obtain(authorize(), { name: 'eve', browser }))
    expect(subject.id).toBe(subjectOf('eve'))
  })

  test('who signed in at another provider too', async () => {
    const browser = openBrowser()
    const asked = authorize()
    const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', browser })
    const tokens = await redeemCode(running().url, asked, redirect)
    federated.configure({ issuer: 'https://other.example', remoteTimeoutMs: 200 })
    const refused = await refresh(running().url, clientId, tokens.body['refresh_token'])
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const { location } = await browser.get(authorize().url)
    expect(location?.pathname).toMatch(/\/oauth\/sign-in\//)
  })

  test('who are in no list any more have to sign in again, and their clients lose access', async () => {
    const browser = openBrowser()
    federated.configure({ allow: { emailDomains: ['example.com'], tenants: ['tenant-1', 'tenant-2'] } })
    const asked = authorize()
    const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', browser })
    const tokens = await redeemCode(running().url, asked, redirect)
    federated.configure({ allow: { emailDomains: ['example.com', 'other.example'], tenants: ['tenant-1'] } })
    const refreshed = await refresh(running().url, clientId, tokens.body['refresh_token'])
    expect(refreshed.status).toBe(200)
    for (const allow of [{ emailDomains: ['other.example'] }, { tenants: ['tenant-2'] }, { hostedDomains: ['x.y'] }]) {
      federated.configure({ allow })
      const refused = await refresh(running().url, clientId, refreshed.body['refresh_token'])
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect((await browser.get(authorize().url)).location?.pathname).toMatch(/\/oauth\/sign-in\//)
    }
  })

  test('who signed in here stay signed in', async () => {
    const browser = openBrowser()
    const asked = authorize()
    const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', browser })
    const tokens = await redeemCode(running().url, asked, redirect)
    federated.configure({ issuer: `${federated.idp.issuer}/` })
    expect((await refresh(running().url, clientId, tokens.body['refresh_token'])).status).toBe(200)
    const { location } = await browser.get(authorize().url)
    expect(location?.pathname).toMatch(/\/oauth\/consent\//)
  })
})

test('people and their clients may have to come back to the provider after a while', async () => {
  const { url } = federated.running
  federated.configure({ signInAgainAfterSeconds: 3600 })
  const browser = openBrowser()
  const asked = authorize()
  const redirect = await mustSignIn(asked.url, federated.idp.issuer, { name: 'ada', browser })
  const first = await redeemCode(url, asked, redirect)
  nowMs = Date.now() + 3500_000
  const second = await refresh(url, clientId, first.body['refresh_token'])
  expect(second.status).toBe(200)
  nowMs = Date.now() + 3601_000
  const refused = await refresh(url, clientId, second.body['refresh_token'])
  expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect((await browser.get(authorize().url)).location?.pathname).toMatch(/\/oauth\/sign-in\//)
})

describe('a provider in trouble', () => {
  test('that rotates its keys is not noticed', async () => {
    await obtain(authorize(), { name: 'ada' })
    await federated.idp.rotateKeys()
    expect((await verify(await obtain(authorize(), { name: 'ada' }))).id).toBe(subjectOf('ada'))
  })

  test('that is down, before and in the middle of a sign-in, and is back', async () => {
    federated.configure({ remoteTimeoutMs: 2000 })
    await federated.idp.stop()
    await expectRefused({ name: 'ada' }, 'identity_provider_unreachable', 502, /ECONNREFUSED/)
    await federated.idp.restart()
    await obtain(authorize(), { name: 'ada' })
    const { page } = await completeFederatedSignIn(authorize().url, federated.idp.issuer, {
      name: 'ada',
      onRedirect: async (url) => {
        if (url.pathname === '/oauth/callback') await federated.idp.stop()
        return url
      },
    })
    expect(page?.text).toContain('identity_provider_unreachable')
    await federated.idp.restart()
    await obtain(authorize(), { name: 'ada' })
  })

  test('that answers with errors of its own', async () => {
    const { page } = await completeFederatedSignIn(authorize().url, federated.idp.issuer, {
      name: 'ada',
      onRedirect: async (url) => {
        if (url.pathname === '/oauth/callback') await federated.idp.setBroken(true)
        return url
      },
    })
    await federated.idp.setBroken(false)
    expect(page?.text).toContain('identity_provider_unreachable')
    expect(lastFailure()?.detail).toContain('500')
  })

  test('whose secret for the gateway was changed', async () => {
    federated.configure({ clientSecret: new Secret('another') })
    await expectRefused({ name: 'ada' }, 'identity_provider_rejected', 502, /^invalid_client/)
    expect(JSON.stringify(federated.running.events)).not.toContain('another')
  })

  test('whose clock is a little off is believed, and no more', async () => {
    await federated.idp.configure({ idTokenTtlSeconds: 60 })
    await federated.idp.setClock(-90_000)
    await obtain(authorize(), { name: 'ada' })
    await federated.idp.setClock(-300_000)
    await expectRefused({ name: 'ada' }, 'identity_response_invalid', 502, /time/i)
  })
})

describe('discovery', () => {
  test('happens once, and keys are read at every sign-in', async () => {
    federated.configure({})
    await obtain(authorize(), { name: 'ada' })
    await federated.idp.takeRequests()
    await obtain(authorize(), { name: 'ada' })
    const requests = await federated.idp.takeRequests()
    expect(requests).toContain('GET /jwks')
    expect(requests).not.toContain('GET /.well-known/openid-configuration')
  })

  test('forgives the closing slash of the issuer', async () => {
    federated.configure({ issuer: `${federated.idp.issuer}/` })
    expect((await verify(await obtain(authorize(), { name: 'ada' }))).id).toBe(subjectOf('ada'))
  })

  test('is not needed where the project says everything', async () => {
    const { issuer } = federated.idp
    await federated.idp.takeRequests()
    federated.configure({ authorizationUrl: `${issuer}/auth`, tokenUrl: `${issuer}/token`, jwksUrl: `${issuer}/jwks` })
    expect((await verify(await obtain(authorize(), { name: 'ada' }))).id).toBe(subjectOf('ada'))
    expect(await federated.idp.takeRequests()).not.toContain('GET /.well-known/openid-configuration')
  })

  test('does not make another issuer out of what the project says', async () => {
    const { issuer } = federated.idp
    federated.configure({
      issuer: 'https://other.example',
      authorizationUrl: `${issuer}/auth`,
      tokenUrl: `${issuer}/token`,
      jwksUrl: `${issuer}/jwks`,
    })
    await expectRefused({ name: 'ada' }, 'identity_response_invalid', 502, /iss/)
  })
})
