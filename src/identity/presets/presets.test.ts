import { expect, test } from 'vitest'
import { type ProviderScript, signInAtScript } from '../../../test/harness/scripted-provider.ts'
import type { IdentityProviderSettings } from '../../contracts/identity-provider.ts'
import { createPresetPolicy } from '../../policies/mcp-oauth-inbound/preset-policy.ts'
import { identityPresets } from './index.ts'

// Providers that cannot run here, scripted as they document themselves; what they answer goes through the whole sign-in.

const tenant = '3aa4a235-b6e2-48d5-9195-7fcf05b459b0'
const otherTenant = '9c8e1b7c-0000-4000-8000-4f1f2a9b7d11'

function settingsOf(name: string, options: object): IdentityProviderSettings {
  const preset = identityPresets.find((each) => each.name === name)
  if (preset === undefined) throw new Error(name)
  const policy = createPresetPolicy(preset)
  const parsed = policy.options.parse({ clientId: 'client', clientSecret: 'secret', ...options })
  const provider = policy.signInSettings?.(parsed).identityProvider
  if (provider === undefined) throw new Error(name)
  return provider
}

const endpoints = (base: string) => ({
  authorization_endpoint: `${base}/authorize`,
  token_endpoint: `${base}/token`,
  jwks_uri: `${base}/jwks`,
  userinfo_endpoint: `${base}/userinfo`,
})

const entraHost = 'https://login.microsoftonline.com'
const entraMany = settingsOf('entra', { tenantId: 'organizations', allow: { tenants: [tenant] } })
const entraScript = (claims: object): ProviderScript => ({
  metadata: { issuer: `${entraHost}/{tenantid}/v2.0`, ...endpoints(`${entraHost}/organizations`) },
  idToken: {
    iss: `${entraHost}/${tenant}/v2.0`,
    aud: 'client',
    sub: 's',
    tid: tenant,
    oid: 'o',
    name: 'Ada',
    ...claims,
  },
})

test('Entra with several tenants: the issuer is that of the tenant of the person, and userinfo is not asked', async () => {
  const { person, requests } = await signInAtScript(entraMany, entraScript({}))
  expect(await person).toMatchObject({ subject: `login.microsoftonline.com/${tenant}/v2.0|${tenant}.o`, tenant })
  expect(requests.some(({ url }) => url.includes('userinfo'))).toBe(false)
  expect(requests.find(({ url }) => url.endsWith('/token'))?.body).toContain('client_secret=secret')
})

test.each([
  [
    'a tenant that is not in the list',
    { iss: `${entraHost}/${otherTenant}/v2.0`, tid: otherTenant },
    'identity_not_allowed',
  ],
  [
    'an issuer of another tenant than the person',
    { iss: `${entraHost}/${otherTenant}/v2.0` },
    'identity_response_invalid',
  ],
  ['no tenant', { tid: undefined }, 'identity_response_invalid'],
  ['no object id', { oid: undefined }, 'identity_response_invalid'],
  ['another audience', { aud: 'other' }, 'identity_response_invalid'],
  ['a token from long ago', { exp: 1_700_000_000 }, 'identity_response_invalid'],
  ['a nonce of somebody else', { nonce: 'x' }, 'identity_response_invalid'],
])('Entra with %s is refused', async (_what, claims, reason) => {
  const { person } = await signInAtScript(entraMany, entraScript(claims))
  await expect(person).rejects.toMatchObject({ reason })
})

test.each([
  ['no algorithm', { alg: 'none' }],
  ['a shared secret', { alg: 'HS256' }],
  ['a key that the provider does not have', { kid: 'other' }],
])('an ID token signed with %s is refused', async (_what, header) => {
  const { person } = await signInAtScript(entraMany, { ...entraScript({}), header })
  await expect(person).rejects.toMatchObject({ reason: 'identity_response_invalid' })
})

test('Auth0: the closing slash of the issuer, roles under a namespace, audience', async () => {
  const issuer = 'https://acme.eu.auth0.com/'
  const settings = settingsOf('auth0', { auth0Domain: 'acme.eu.auth0.com', audience: 'api' })
  const { person, url } = await signInAtScript(settings, {
    metadata: { issuer, ...endpoints('https://acme.eu.auth0.com') },
    idToken: { iss: issuer, aud: 'client', sub: 'auth0|1', 'https://acme.example/roles': ['admin'] },
    userInfo: { sub: 'auth0|1', email: 'ada@acme.example', email_verified: true },
  })
  expect(url.searchParams.get('audience')).toBe('api')
  expect(await person).toMatchObject({
    subject: 'acme.eu.auth0.com|auth0|1',
    roles: ['admin'],
    email: 'ada@acme.example',
  })
})

test('Okta: a thin ID token is completed by userinfo, with the secret in the header', async () => {
  const issuer = 'https://acme.okta.com'
  const { person, requests, url } = await signInAtScript(settingsOf('okta', { oktaDomain: 'acme.okta.com' }), {
    metadata: { issuer, ...endpoints(`${issuer}/oauth2/v1`) },
    idToken: { iss: issuer, aud: 'client', sub: '00u1' },
    userInfo: { sub: '00u1', name: 'Ada', groups: ['Engineering'] },
  })
  expect(await person).toMatchObject({ subject: 'acme.okta.com|00u1', groups: ['Engineering'], displayName: 'Ada' })
  expect(url.searchParams.get('scope')).toBe('openid profile email groups')
  expect(requests.find(({ url: each }) => each.endsWith('/token'))?.headers).toHaveProperty('authorization')
})

test('userinfo of somebody else is refused, and does not replace what the ID token says', async () => {
  const issuer = 'https://acme.okta.com'
  const settings = settingsOf('okta', { oktaDomain: 'acme.okta.com' })
  const script = (userInfo: object): ProviderScript => ({
    metadata: { issuer, ...endpoints(issuer) },
    idToken: { iss: issuer, aud: 'client', sub: '00u1', groups: ['Guests'] },
    userInfo,
  })
  const other = await signInAtScript(settings, script({ sub: '00u2', groups: ['Admins'] }))
  await expect(other.person).rejects.toMatchObject({ reason: 'identity_response_invalid' })
  const more = await signInAtScript(settings, script({ sub: '00u1', groups: ['Admins'], iss: 'https://evil.example' }))
  expect(await more.person).toMatchObject({ subject: 'acme.okta.com|00u1', groups: ['Guests'] })
})

test('Cognito: people are sent to the domain of the pool, keys come from the issuer', async () => {
  const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI'
  const userPoolDomain = 'login.acme.example'
  const settings = settingsOf('cognito', {
    awsRegion: 'eu-central-1',
    userPoolId: 'eu-central-1_AbCdEfGhI',
    userPoolDomain,
  })
  const { person, url, requests } = await signInAtScript(settings, {
    metadata: { issuer, ...endpoints('https://old.auth.eu-central-1.amazoncognito.com'), jwks_uri: `${issuer}/jwks` },
    idToken: { iss: issuer, aud: 'client', sub: 'u-1', 'cognito:groups': ['engineering'] },
    userInfo: { sub: 'u-1', email_verified: 'true', email: 'ada@acme.example' },
  })
  expect(await person).toMatchObject({ groups: ['engineering'], email: 'ada@acme.example' })
  expect(url.origin).toBe('https://login.acme.example')
  const asked = requests.map((each) => each.url)
  expect(asked).toContain('https://login.acme.example/oauth2/token')
  expect(asked).toContain(`${issuer}/jwks`)
})

test('WorkOS without its AuthKit domain: no discovery, and the issuer is still compared', async () => {
  const settings = settingsOf('workos', { clientId: 'client_01ABC' })
  const { url, requests, person } = await signInAtScript(settings, {
    metadata: {},
    idToken: { iss: 'https://x', aud: 'y', sub: 'z' },
  })
  expect(`${url.origin}${url.pathname}`).toBe('https://api.workos.com/user_management/authorize')
  expect(url.searchParams.get('provider')).toBe('authkit')
  await expect(person).rejects.toMatchObject({ reason: 'identity_response_invalid' })
  expect(requests.every((each) => !each.url.includes('.well-known'))).toBe(true)
})
