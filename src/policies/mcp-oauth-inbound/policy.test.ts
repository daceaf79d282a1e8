import { describe, expect, test } from 'vitest'
import { makeVirtualServer } from '../../../test/harness/authorization-server.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import type { VerifiedAccessToken } from '../../contracts/subject.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { HttpExchange } from '../../http/exchange.ts'
import { joinAuthentication } from '../../pipeline/authenticate-request.ts'
import { mcpOAuthOptions } from './options.ts'
import { createTokenPolicy, mcpOAuthInbound } from './policy.ts'

const url = 'https://gateway.example'
const server = makeVirtualServer(url, 'tracker', 'Tracker')
const metadata = 'resource_metadata="https://gateway.example/.well-known/oauth-protected-resource/mcp/tracker"'

type Outcome = VerifiedAccessToken | 'token_invalid' | 'token_expired' | 'token_revoked'

function verified(changes: Partial<VerifiedAccessToken> = {}): VerifiedAccessToken {
  const subject = { id: 'ada', tenant: 'default', clientId: 'c1', scopes: ['mcp:tools'], data: {} }
  return { subject, audience: [server.resource], expiresAtMs: 1, grantId: 'g1', ...changes }
}

function run(headers: Exchange['headers'], outcome: Outcome | Promise<Outcome> = verified(), search = '') {
  const host = {
    policyName: 'sign-in',
    accessTokens: { verify: () => outcome },
    virtualServers: { list: () => [server], findByResource: () => server },
  } as unknown as PolicyHost
  const exchange = { headers, search, routePath: '/mcp/tracker', subject: undefined } as unknown as HttpExchange
  const policy = mcpOAuthInbound.create(mcpOAuthOptions.parse({ browserLogin: { url: '/oauth/dev-login' } }), host)
  const [step] = joinAuthentication([{ name: 'sign-in', policy }])
  return { result: step?.policy.onRequest(exchange), exchange }
}

function challengeOf(result: unknown): string | undefined {
  expect(result).toBeInstanceOf(GatewayError)
  return (result as GatewayError).details.headers?.['www-authenticate']
}

describe('mcp-oauth-inbound', () => {
  test('admits a token of this virtual server without a promise', () => {
    const { result, exchange } = run({ authorization: 'Bearer sp_at_x' })
    expect(result).toBeUndefined()
    expect(exchange.subject?.id).toBe('ada')
  })

  test('waits for the store when the token is new', async () => {
    const { result, exchange } = run({ authorization: 'bearer sp_at_x' }, Promise.resolve(verified()))
    expect(result).toBeInstanceOf(Promise)
    expect(await result).toBeUndefined()
    expect(exchange.subject?.clientId).toBe('c1')
  })

  test('challenges without an error when there is no token', () => {
    const { result } = run({})
    expect(challengeOf(result)).toBe(`Bearer ${metadata}, scope="mcp:tools"`)
    expect(result).toMatchObject({ reason: 'token_missing', status: 401 })
  })

  test.each(['token_invalid', 'token_expired', 'token_revoked'] as const)(
    'challenges with invalid_token for %s',
    (reason) => {
      const { result, exchange } = run({ authorization: 'Bearer sp_at_x' }, reason)
      expect(result).toMatchObject({ reason, status: 401 })
      expect(challengeOf(result)).toContain('error="invalid_token"')
      expect(exchange.subject).toBeUndefined()
    },
  )

  test('refuses a token of another virtual server', () => {
    const { result, exchange } = run({ authorization: 'Bearer sp_at_x' }, verified({ audience: [`${url}/mcp/other`] }))
    expect(result).toMatchObject({ reason: 'token_wrong_audience', status: 401 })
    expect(challengeOf(result)).toContain('error="invalid_token"')
    expect(exchange.subject).toBeUndefined()
  })

  test('names the scopes that are missing', () => {
    const subject = { ...verified().subject, scopes: [] }
    const { result } = run({ authorization: 'Bearer sp_at_x' }, verified({ subject }))
    expect(result).toMatchObject({ reason: 'token_insufficient_scope', status: 403 })
    expect(challengeOf(result)).toContain('error="insufficient_scope"')
    expect(challengeOf(result)).toContain('scope="mcp:tools"')
  })

  test.each([
    ['the query', { authorization: 'Bearer sp_at_x' }, '?access_token=sp_at_x'],
    ['the query, encoded', {}, '?a=1&access%5Ftoken=x'],
    ['another scheme', { authorization: 'Basic YTpi' }, ''],
    ['two tokens in one header', { authorization: 'Bearer a, Bearer b' }, ''],
  ])('refuses a token in %s', (_where, headers, search) => {
    const { result } = run(headers, verified(), search)
    expect(result).toMatchObject({ reason: 'token_misplaced', status: 400 })
    expect(challengeOf(result)).toContain('error="invalid_request"')
  })
})

describe('scopes of tools', () => {
  const writes = {
    tracker: { base: ['mcp:tools'], tools: { 'delete_*': ['issues:write'], delete_all: ['issues:admin'] } },
  }

  function call(name: string, scopes: readonly string[] | undefined, method = 'tools/call', routeName = 'tracker') {
    const host = { virtualServers: { list: () => [server] } } as unknown as PolicyHost
    const policy = createTokenPolicy(host, writes)
    const subject = scopes && { ...verified().subject, scopes }
    const message = { method, body: { params: { name } } } as unknown as McpMessage
    return policy.onMessage?.(message, { routeName, routePath: '/mcp/tracker', subject } as unknown as Exchange)
  }

  test('are not looked at where none are configured', () => {
    const host = { virtualServers: { list: () => [server] } } as unknown as PolicyHost
    expect('onMessage' in createTokenPolicy(host)).toBe(false)
    expect('onMessage' in createTokenPolicy(host, { tracker: { base: ['mcp:tools'], tools: {} } })).toBe(false)
    expect('onMessage' in createTokenPolicy(host, writes)).toBe(true)
  })

  test('let pass what they do not concern', () => {
    expect(call('list_issues', ['mcp:tools'])).toBeUndefined()
    expect(call('delete_issue', ['mcp:tools'], 'prompts/get')).toBeUndefined()
    expect(call('delete_issue', ['mcp:tools'], 'tools/call', 'other')).toBeUndefined()
    expect(call('delete_issue', ['mcp:tools', 'issues:write'])).toBeUndefined()
  })

  test('are all named when one is missing', () => {
    const refusal = call('delete_all', ['mcp:tools', 'issues:write'])
    expect(refusal).toMatchObject({ reason: 'token_insufficient_scope', status: 403 })
    expect(challengeOf(refusal)).toBe(
      `Bearer error="insufficient_scope", error_description="${(refusal as GatewayError).message}", ${metadata}, scope="mcp:tools issues:write issues:admin"`,
    )
  })

  test('invite nobody in particular to sign in', () => {
    const refusal = call('delete_issue', undefined)
    expect(refusal).toMatchObject({ reason: 'token_missing', status: 401 })
    expect(challengeOf(refusal)).toBe(`Bearer ${metadata}, scope="mcp:tools issues:write"`)
  })
})

describe('options', () => {
  test('have the documented defaults', () => {
    const options = mcpOAuthOptions.parse({ browserLogin: { url: 'http://localhost:9000/oauth/dev-login' } })
    expect(mcpOAuthInbound.signInSettings?.(options)).toEqual({
      accessTokenTtlSeconds: 900,
      refreshTokenTtlSeconds: 2_592_000,
      refreshTokenLeewaySeconds: 10,
      authorizationCodeTtlSeconds: 60,
      sessionTtlSeconds: 28_800,
      sessionIdleSeconds: 3600,
      stateTtlSeconds: 900,
      cimdEnabled: true,
      devLogin: true,
    })
  })

  test.each(['http://evil.example/oauth/dev-login', '/elsewhere', 'javascript:/oauth/dev-login'])(
    'refuse %s as a login URL and say why',
    (login) => {
      const result = mcpOAuthOptions.safeParse({ browserLogin: { url: login } })
      expect(result.error?.issues[0]?.message).toContain('must be an https URL')
    },
  )

  test('name any identity provider', () => {
    const options = mcpOAuthOptions.parse({
      oidc: { issuer: 'https://idp.example', jwksUrl: 'https://idp.example/keys', audience: 'x' },
      browserLogin: {
        url: 'https://idp.example/authorize',
        tokenUrl: 'https://idp.example/token',
        clientId: 'gateway',
        clientSecret: 'top-secret',
        audience: 'api',
        pkce: 'none',
        remoteTimeoutMs: 5000,
      },
      allow: { tenants: ['a'] },
      claims: { roles: 'realm_access.roles', tenant: 'org' },
    })
    const settings = mcpOAuthInbound.signInSettings?.(options)
    expect(settings).toMatchObject({
      devLogin: false,
      stateTtlSeconds: 900,
      identityProvider: {
        issuer: 'https://idp.example',
        authorizationUrl: 'https://idp.example/authorize',
        tokenUrl: 'https://idp.example/token',
        jwksUrl: 'https://idp.example/keys',
        clientId: 'gateway',
        scope: 'openid profile email',
        authorizationParameters: { audience: 'api' },
        remoteTimeoutMs: 5000,
        subjectClaims: ['sub'],
        claims: { roles: ['realm_access.roles'], groups: ['groups'], tenant: ['org'] },
        allow: { tenants: ['a'] },
      },
    })
    expect(JSON.stringify(settings)).not.toContain('top-secret')
  })

  const login = { clientId: 'gateway', clientSecret: 'secret' }
  const oidc = { issuer: 'https://idp.example' }
  const dev = { browserLogin: { url: '/oauth/dev-login' } }
  test.each([
    ['no issuer', { browserLogin: login }, 'oidc is required'],
    ['no client id', { oidc, browserLogin: {} }, 'browserLogin.clientId is required'],
    ['plain http', { oidc: { issuer: 'http://idp.example' }, browserLogin: login }, 'oidc.issuer must be an https URL'],
    ['no openid', { oidc, browserLogin: { ...login, scope: 'profile' } }, 'browserLogin.scope must contain "openid"'],
    [
      'tenants of no claim',
      { oidc, browserLogin: login, allow: { tenants: ['a'] } },
      'allow.tenants needs claims.tenant',
    ],
    [
      'tenants from no claim',
      { oidc, browserLogin: login, tenants: { fromClaim: true } },
      'tenants needs claims.tenant',
    ],
    [
      'a tenant with capital letters',
      { oidc, browserLogin: login, claims: { tenant: 'org' }, tenants: { fromClaim: true, map: { a: 'Acme' } } },
      'tenants.map.a must be a tenant',
    ],
    ['tenants that are not from a claim', { ...dev, tenants: { fromClaim: false } }, 'tenants.fromClaim Invalid input'],
    ['a scope with a space', { ...dev, scopes: { x: { base: ['a b'] } } }, 'scopes.x.base.0 must be a scope'],
    ['a scope with a quote', { ...dev, scopes: { x: { tools: { t: ['a"'] } } } }, 'scopes.x.tools.t.0 must be a scope'],
    ['a reserved scope', { ...dev, scopes: { x: { base: ['offline_access'] } } }, 'must be neither "openid" nor'],
    ['a wildcard scope', { ...dev, scopes: { x: { base: ['mcp:*'] } } }, 'without "*"'],
    ['no base scope', { ...dev, scopes: { x: { base: [] } } }, 'scopes.x.base Too small'],
    ['an empty list', { oidc, browserLogin: login, allow: { emailDomains: [] } }, 'allow.emailDomains Too small'],
  ])('refuse %s', (_what, options, message) => {
    const issues = mcpOAuthOptions.safeParse(options).error?.issues ?? []
    expect(issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n')).toContain(message)
  })

  test('say which tenant a claim names, also of identity assertions of the same provider', () => {
    const tenants = { fromClaim: true, map: { Org_1: 'acme' } }
    const options = mcpOAuthOptions.parse({
      oidc,
      browserLogin: login,
      claims: { tenant: 'org' },
      tenants,
      idJag: { enabled: true },
    })
    expect(mcpOAuthInbound.signInSettings?.(options)).toMatchObject({
      identityProvider: { tenants: { map: tenants.map } },
      idJag: [{ signIn: { tenants: { map: tenants.map } } }],
    })
  })

  test('of dev login may name an issuer, which is not used', () => {
    const options = mcpOAuthOptions.parse({ oidc, browserLogin: { url: '/oauth/dev-login' } })
    expect(mcpOAuthInbound.signInSettings?.(options)).not.toHaveProperty('identityProvider')
  })

  test('refuse unknown keys', () => {
    const result = mcpOAuthOptions.safeParse({
      browserLogin: { url: '/oauth/dev-login' },
      openid: { issuer: 'https://x' },
    })
    expect(result.success).toBe(false)
  })
})
