import { describe, expect, test } from 'vitest'
import type { IdentityProviderSettings, Person } from '../../contracts/identity-provider.ts'
import { findDisallowed } from '../../identity/check-allowed.ts'
import { identityPresets } from '../../identity/presets/index.ts'
import { readPerson } from '../../identity/read-claims.ts'
import type { JsonObject } from '../../lib/json.ts'
import { createPresetPolicy } from './preset-policy.ts'

const tenant = '3aa4a235-b6e2-48d5-9195-7fcf05b459b0'
const otherTenant = '9c8e1b7c-0000-4000-8000-4f1f2a9b7d11'

/** One preset: what a project writes, what comes of it, and what its provider says about a person. */
interface Expectation {
  readonly name: string
  readonly options: object
  readonly expected: Partial<IdentityProviderSettings>
  /** Realistic ID token (and userinfo) claims. */
  readonly claims: JsonObject
  readonly person: Partial<Person>
  /** Allow-lists that let the person in, and that keep them out. */
  readonly allowed: object
  readonly refused: object
  /** Options that must not load, with what is said about them. */
  readonly mistakes: readonly (readonly [options: object, message: string])[]
}

const expectations: readonly Expectation[] = [
  {
    name: 'auth0',
    options: { auth0Domain: 'acme.eu.auth0.com', audience: 'https://gateway.acme.example' },
    expected: {
      issuer: 'https://acme.eu.auth0.com/',
      scope: 'openid profile email',
      authorizationParameters: { audience: 'https://gateway.acme.example' },
      clientAuthentication: 'client_secret_post',
    },
    claims: {
      iss: 'https://acme.eu.auth0.com/',
      sub: 'google-oauth2|103547991597142817347',
      aud: 'client',
      name: 'Ada Lovelace',
      nickname: 'ada',
      email: 'ada@acme.example',
      email_verified: true,
      org_id: 'org_9ybsU1dN2dKfDkBi',
      'https://acme.example/roles': ['admin'],
      'https://acme.example/groups': ['engineering'],
    },
    person: {
      subject: 'acme.eu.auth0.com|google-oauth2|103547991597142817347',
      roles: ['admin'],
      groups: ['engineering'],
      tenant: 'org_9ybsU1dN2dKfDkBi',
      email: 'ada@acme.example',
    },
    allowed: { tenants: ['org_9ybsU1dN2dKfDkBi'], emailDomains: ['acme.example'] },
    refused: { tenants: ['org_other'] },
    mistakes: [
      [{ auth0Domain: 'https://acme.eu.auth0.com' }, 'host name alone'],
      [{ auth0Domain: 'acme' }, 'host name alone'],
    ],
  },
  {
    name: 'okta',
    options: { oktaDomain: 'acme.okta.com' },
    expected: { issuer: 'https://acme.okta.com', scope: 'openid profile email groups' },
    claims: {
      iss: 'https://acme.okta.com',
      sub: '00u1a2b3c4D5E6F7g8h9',
      aud: '0oa1client',
      idp: '00o1abc',
      name: 'Ada Lovelace',
      preferred_username: 'ada@acme.example',
      email: 'ada@acme.example',
      email_verified: true,
      groups: ['Everyone', 'Engineering'],
    },
    person: { subject: 'acme.okta.com|00u1a2b3c4D5E6F7g8h9', groups: ['Everyone', 'Engineering'], roles: [] },
    allowed: { emailDomains: ['acme.example'] },
    refused: { emailDomains: ['other.example'] },
    mistakes: [
      [{ oktaDomain: 'acme-admin.okta.com' }, '-admin'],
      [{ oktaDomain: 'acme.okta.com', allow: { tenants: ['x'] } }, 'claims.tenant'],
      [{ oktaDomain: 'acme.okta.com', tenants: { fromClaim: true } }, 'tenants needs claims.tenant'],
    ],
  },
  {
    name: 'okta',
    options: { oktaDomain: 'acme.okta.com', authorizationServerId: 'default' },
    expected: { issuer: 'https://acme.okta.com/oauth2/default', scope: 'openid profile email' },
    claims: { iss: 'https://acme.okta.com/oauth2/default', sub: '00u1', name: 'Ada', roles: 'admin' },
    person: { subject: 'acme.okta.com/oauth2/default|00u1', roles: ['admin'] },
    allowed: {},
    refused: { emailDomains: ['acme.example'] },
    mistakes: [[{ oktaDomain: 'acme.okta.com', authorizationServerId: 'a/b' }, 'Invalid']],
  },
  {
    name: 'entra',
    options: { tenantId: tenant },
    expected: {
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      accountPrompt: 'select_account',
      clientAuthentication: 'client_secret_post',
      userInfo: false,
    },
    claims: {
      iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      aud: '6cb04018-a3f5-46a7-b995-940c78f5aef3',
      tid: tenant,
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      name: 'Ada Lovelace',
      preferred_username: 'ada@acme.example',
      roles: ['Gateway.Admin'],
      groups: ['0f4c11cc-b0f0-4d4e-9f0f-ab5cfb4b6d0e'],
      ver: '2.0',
    },
    person: {
      subject: `login.microsoftonline.com/${tenant}/v2.0|${tenant}.690222be-ff1a-4d56-abd1-7e4f7d38e474`,
      roles: ['Gateway.Admin'],
      groups: ['0f4c11cc-b0f0-4d4e-9f0f-ab5cfb4b6d0e'],
      tenant,
      // Not verified, and for display only.
      email: 'ada@acme.example',
    },
    allowed: { tenants: [tenant.toUpperCase()] },
    refused: { tenants: [otherTenant] },
    mistakes: [
      [{ tenantId: 'acme.onmicrosoft.com' }, 'UUID'],
      [{ tenantId: 'common' }, 'allow.tenants'],
      [{ tenantId: 'consumers' }, 'UUID'],
      [{ tenantId: tenant, allow: { emailDomains: ['acme.example'] } }, 'emailDomains'],
    ],
  },
  {
    name: 'entra',
    options: { tenantId: 'organizations', allow: { tenants: [tenant] } },
    expected: { issuer: 'https://login.microsoftonline.com/organizations/v2.0' },
    // More than 200 groups: the token says where to ask for them instead.
    claims: {
      iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
      sub: 'x',
      tid: tenant,
      oid: 'o-1',
      _claim_names: { groups: 'src1' },
    },
    person: { subject: `login.microsoftonline.com/${tenant}/v2.0|${tenant}.o-1`, groups: [] },
    allowed: { tenants: [tenant] },
    refused: { tenants: [otherTenant] },
    mistakes: [
      [{ tenantId: tenant, cloud: 'germany' }, 'us-government'],
      [{ tenantId: 'organizations', cloud: 'china', allow: { tenants: [tenant] } }, 'one tenant'],
    ],
  },
  {
    name: 'entra',
    options: { tenantId: tenant, cloud: 'us-government' },
    expected: { issuer: `https://login.microsoftonline.us/${tenant}/v2.0` },
    claims: { iss: `https://login.microsoftonline.us/${tenant}/v2.0`, sub: 'x', tid: tenant, oid: 'o-1' },
    person: { subject: `login.microsoftonline.us/${tenant}/v2.0|${tenant}.o-1` },
    allowed: { tenants: [tenant] },
    refused: { tenants: [otherTenant] },
    mistakes: [],
  },
  {
    name: 'clerk',
    options: { frontendApiUrl: 'https://clerk.acme.example/' },
    expected: { issuer: 'https://clerk.acme.example' },
    claims: {
      iss: 'https://clerk.acme.example',
      sub: 'user_2b5AcFJe7oSo8nJw1tBDBQT4Pzq',
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      email_verified: true,
      org_id: 'org_2b5',
      org_role: 'org:admin',
      public_metadata: { roles: ['ignored: org_role goes first'] },
    },
    person: {
      subject: 'clerk.acme.example|user_2b5AcFJe7oSo8nJw1tBDBQT4Pzq',
      roles: ['org:admin'],
      tenant: 'org_2b5',
    },
    allowed: { tenants: ['org_2b5'] },
    refused: { tenants: ['org_3'] },
    mistakes: [
      [{ frontendApiUrl: 'https://clerk.acme.example/oauth' }, 'origin'],
      [{ frontendApiUrl: 'http://clerk.acme.example' }, 'https'],
    ],
  },
  {
    name: 'cognito',
    options: {
      awsRegion: 'eu-central-1',
      userPoolId: 'eu-central-1_AbCdEfGhI',
      userPoolDomain: 'acme.auth.eu-central-1.amazoncognito.com',
    },
    expected: {
      issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
      authorizationUrl: 'https://acme.auth.eu-central-1.amazoncognito.com/oauth2/authorize',
      tokenUrl: 'https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token',
      jwksUrl: undefined,
    },
    claims: {
      iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
      sub: '5c1d2e3f-aaaa-4bbb-8ccc-1234567890ab',
      'cognito:username': 'ada',
      'cognito:groups': ['engineering'],
      'cognito:roles': ['arn:aws:iam::123456789012:role/reader'],
      email: 'ada@acme.example',
      // The userinfo endpoint says it as text.
      email_verified: 'true',
    },
    person: {
      subject: 'cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI|5c1d2e3f-aaaa-4bbb-8ccc-1234567890ab',
      groups: ['engineering'],
      roles: ['arn:aws:iam::123456789012:role/reader'],
    },
    allowed: { emailDomains: ['acme.example'] },
    refused: { emailDomains: ['example'] },
    mistakes: [
      [{ awsRegion: 'Frankfurt', userPoolId: 'eu-central-1_AbCdEfGhI' }, 'region'],
      [{ awsRegion: 'eu-central-1', userPoolId: 'pool' }, 'user pool id'],
    ],
  },
  {
    name: 'workos',
    options: { clientId: 'client_01ABC', authkitDomain: 'acme.authkit.app' },
    expected: { issuer: 'https://acme.authkit.app', authorizationUrl: undefined },
    claims: {
      iss: 'https://acme.authkit.app',
      sub: 'user_01HBEQ',
      email: 'ada@acme.example',
      email_verified: true,
      org_id: 'org_01H',
      role: 'admin',
    },
    person: { subject: 'acme.authkit.app|user_01HBEQ', roles: ['admin'], tenant: 'org_01H' },
    allowed: { tenants: ['org_01H'] },
    refused: { tenants: ['org_02'] },
    mistakes: [[{ clientId: 'abc' }, 'client_01ABC']],
  },
  {
    name: 'workos',
    options: { clientId: 'client_01ABC' },
    expected: {
      issuer: 'https://api.workos.com/user_management/client_01ABC',
      authorizationUrl: 'https://api.workos.com/user_management/authorize',
      tokenUrl: 'https://api.workos.com/user_management/authenticate',
      jwksUrl: 'https://api.workos.com/sso/jwks/client_01ABC',
      authorizationParameters: { provider: 'authkit' },
    },
    claims: { iss: 'https://api.workos.com/user_management/client_01ABC', sub: 'user_1' },
    person: { subject: 'api.workos.com/user_management/client_01ABC|user_1' },
    allowed: {},
    refused: { tenants: ['org_01H'] },
    mistakes: [],
  },
  {
    name: 'google',
    options: { clientId: '1234-abc.apps.googleusercontent.com' },
    expected: { issuer: 'https://accounts.google.com', accountPrompt: 'select_account' },
    claims: {
      iss: 'https://accounts.google.com',
      azp: '1234-abc.apps.googleusercontent.com',
      sub: '110169484474386276334',
      hd: 'acme.example',
      email: 'ada@acme.example',
      email_verified: true,
      name: 'Ada Lovelace',
    },
    person: { subject: 'accounts.google.com|110169484474386276334', tenant: 'acme.example', roles: [], groups: [] },
    allowed: { hostedDomains: ['acme.example'] },
    refused: { hostedDomains: ['other.example'] },
    mistakes: [
      [{ clientId: 'gateway' }, '.apps.googleusercontent.com'],
      [{ clientId: '1-a.apps.googleusercontent.com', allow: { tenants: ['x'] } }, 'tenants'],
    ],
  },
  {
    name: 'keycloak',
    options: { keycloakBaseUrl: 'https://id.acme.example/auth/', realm: 'acme' },
    expected: { issuer: 'https://id.acme.example/auth/realms/acme' },
    claims: {
      iss: 'https://id.acme.example/auth/realms/acme',
      sub: 'f1b9c8d2-1111-4222-8333-444455556666',
      preferred_username: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      email_verified: true,
      realm_access: { roles: ['admin', 'offline_access'] },
      groups: ['/engineering'],
      organization: ['acme'],
    },
    person: {
      subject: 'id.acme.example/auth/realms/acme|f1b9c8d2-1111-4222-8333-444455556666',
      roles: ['admin', 'offline_access'],
      groups: ['/engineering'],
      tenant: 'acme',
    },
    allowed: { emailDomains: ['acme.example'], tenants: ['acme'] },
    refused: { tenants: ['other'] },
    mistakes: [
      [{ keycloakBaseUrl: 'https://id.acme.example/realms/acme', realm: 'acme' }, '/realms'],
      [{ keycloakBaseUrl: 'https://id.acme.example', realm: 'a/b' }, 'realm'],
    ],
  },
  {
    name: 'logto',
    options: { logtoEndpoint: 'https://acme.logto.app' },
    expected: {
      issuer: 'https://acme.logto.app/oidc',
      scope: 'openid profile email roles urn:logto:scope:organizations',
    },
    claims: {
      iss: 'https://acme.logto.app/oidc',
      sub: 'x8k2m1',
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      email_verified: true,
      roles: ['admin'],
      organizations: ['org-1', 'org-2'],
    },
    person: { subject: 'acme.logto.app/oidc|x8k2m1', roles: ['admin'], tenant: 'org-1' },
    allowed: { tenants: ['org-2'] },
    refused: { tenants: ['org-3'] },
    mistakes: [[{ logtoEndpoint: 'https://acme.logto.app/oidc' }, '/oidc']],
  },
  {
    name: 'onelogin',
    options: { oneLoginSubdomain: 'acme' },
    expected: { issuer: 'https://acme.onelogin.com/oidc/2', scope: 'openid profile email groups' },
    claims: {
      iss: 'https://acme.onelogin.com/oidc/2',
      sub: '12345678',
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      preferred_username: 'ada',
      groups: ['Engineering'],
      params: { roles: ['admin'] },
    },
    person: { subject: 'acme.onelogin.com/oidc/2|12345678', groups: ['Engineering'], roles: ['admin'] },
    allowed: {},
    refused: { emailDomains: ['acme.example'] },
    mistakes: [[{ oneLoginSubdomain: 'acme.onelogin.com' }, 'subdomain']],
  },
  {
    name: 'ping',
    options: { environmentId: tenant, region: 'australia' },
    expected: { issuer: `https://auth.pingone.com.au/${tenant}/as` },
    claims: {
      iss: `https://auth.pingone.com.au/${tenant}/as`,
      sub: 'b2c3d4',
      email: 'ada@acme.example',
      email_verified: true,
      memberOfGroupNames: ['Engineering'],
    },
    person: { subject: `auth.pingone.com.au/${tenant}/as|b2c3d4`, groups: ['Engineering'] },
    allowed: { emailDomains: ['acme.example'] },
    refused: { emailDomains: ['other.example'] },
    mistakes: [
      [{}, 'required unless customDomain'],
      [{ environmentId: 'x' }, 'UUID'],
      [{ environmentId: tenant, region: 'mars' }, 'Invalid'],
    ],
  },
  {
    name: 'ping',
    options: { customDomain: 'login.acme.example' },
    expected: { issuer: 'https://login.acme.example/as' },
    claims: { iss: 'https://login.acme.example/as', sub: 'b2c3d4' },
    person: { subject: 'login.acme.example/as|b2c3d4' },
    allowed: {},
    refused: { emailDomains: ['acme.example'] },
    mistakes: [],
  },
]

function policyOf(name: string) {
  const preset = identityPresets.find((each) => each.name === name)
  if (preset === undefined) throw new Error(`no preset ${name}`)
  return createPresetPolicy(preset)
}

function fill(options: object): object {
  return { clientId: 'client', clientSecret: 'top-secret', ...options }
}

function read(name: string, options: object): IdentityProviderSettings {
  const policy = policyOf(name)
  const settings = policy.signInSettings?.(policy.options.parse(fill(options)))
  if (settings?.identityProvider === undefined) throw new Error('no identity provider')
  expect(settings.devLogin).toBe(false)
  return settings.identityProvider
}

test('every preset is in the table', () => {
  expect([...new Set(expectations.map(({ name }) => name))].toSorted()).toEqual(
    identityPresets.map(({ name }) => name).toSorted(),
  )
})

describe.each(expectations)('mcp-$name-oauth-inbound with $options', (expectation) => {
  const { name, options, expected, claims, person } = expectation

  test('finds the provider', () => {
    expect(read(name, options)).toMatchObject(expected)
  })

  test('names the person', () => {
    expect(readPerson(claims, read(name, options))).toMatchObject(person)
  })

  test('lets in whom the lists name, and nobody else', () => {
    const { allow: own = {} } = options as { allow?: object }
    const check = (allow: object) => {
      const settings = read(name, { ...options, allow: { ...own, ...allow } })
      return findDisallowed(claims, settings.allow, settings.claims)
    }
    expect(check(expectation.allowed)).toBeUndefined()
    expect(check(expectation.refused)).toBeDefined()
  })

  test.each(expectation.mistakes)('refuses %j', (mistake, message) => {
    const result = policyOf(name).options.safeParse(fill(mistake))
    const said = result.error?.issues.map(
      (issue) => `${issue.path.join('.')} ${issue.message} ${JSON.stringify(issue)}`,
    )
    expect(said?.join('\n')).toContain(message)
  })
})

test('a secret does not print, wherever the settings end up', () => {
  const settings = read('okta', { oktaDomain: 'acme.okta.com' })
  expect(JSON.stringify(settings)).not.toContain('top-secret')
  expect(settings.clientSecret?.reveal()).toBe('top-secret')
})

test('tenants come from the usual claim of the provider', () => {
  const map = { org_1: 'acme' }
  const settings = read('auth0', { auth0Domain: 'acme.eu.auth0.com', tenants: { fromClaim: true, map } })
  expect(settings).toMatchObject({ claims: { tenant: ['org_id'] }, tenants: { map } })
  expect(read('auth0', { auth0Domain: 'acme.eu.auth0.com' }).tenants).toBeUndefined()
})

test('claims may be elsewhere', () => {
  const claims = { roles: 'resource_access.gateway.roles', tenant: 'https://acme.example/tenant' }
  const settings = read('keycloak', { keycloakBaseUrl: 'https://id.acme.example', realm: 'acme', claims })
  const person = readPerson(
    {
      iss: 'https://id.acme.example/realms/acme',
      sub: '1',
      resource_access: { gateway: { roles: ['admin'] } },
      'https://acme.example/tenant': 't-1',
      groups: ['kept'],
    },
    settings,
  )
  expect(person).toMatchObject({ roles: ['admin'], tenant: 't-1', groups: ['kept'] })
})

test('lifetimes and scope may be chosen', () => {
  const policy = policyOf('onelogin')
  const browserLoginOverrides = {
    remoteTimeoutMs: 2500,
    stateTtlSeconds: 60,
    sessionTtlSeconds: 7200,
    sessionIdleSeconds: 600,
    pkce: 'none',
  }
  const options = {
    oneLoginSubdomain: 'acme',
    scope: 'openid',
    browserLoginOverrides,
    gateway: { accessTokenTtlSeconds: 60 },
  }
  const settings = policy.signInSettings?.(policy.options.parse(fill(options)))
  expect(settings).toMatchObject({
    stateTtlSeconds: 60,
    sessionTtlSeconds: 7200,
    sessionIdleSeconds: 600,
    accessTokenTtlSeconds: 60,
    identityProvider: { remoteTimeoutMs: 2500, scope: 'openid' },
  })
  expect(policy.options.safeParse(fill({ ...options, scope: 'profile' })).success).toBe(false)
})
