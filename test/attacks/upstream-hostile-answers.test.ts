import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import type { ReasonCode } from '../../src/errors/reasons.ts'
import {
  type ScriptedAnswer,
  type ScriptedSite,
  scriptResource,
  scriptServer,
  serveScript,
} from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let site: ScriptedSite

beforeEach(async () => {
  ;[client, site] = await Promise.all([openOAuthClient(), serveScript()])
  scriptResource(site, [site.origin])
  scriptServer(site)
})
afterEach(() => Promise.all([client.close(), site.close()]))

const html = '<!doctype html><h1>WAF</h1> refresh-1 secret-1 the-code <script>alert(1)</script>'
const token = { access_token: 'new', token_type: 'Bearer' }

/** Refusals of the token endpoint, and what the gateway makes of them. */
const tokenAnswers: readonly [string, ScriptedAnswer, ReasonCode][] = [
  ['a web page', { status: 403, headers: { 'content-type': 'text/html' }, body: html }, 'credential_response_invalid'],
  ['a web page as success', { headers: { 'content-type': 'text/html' }, body: html }, 'credential_response_invalid'],
  ['a web page of a broken server', { status: 502, body: html }, 'credential_provider_unreachable'],
  ['nothing', {}, 'credential_response_invalid'],
  ['a list', { body: [token] }, 'credential_response_invalid'],
  ['no token', { body: { token_type: 'Bearer' } }, 'credential_response_invalid'],
  ['no token type', { body: { access_token: 'new' } }, 'credential_response_invalid'],
  ['a token type that binds to a key', { body: { ...token, token_type: 'DPoP' } }, 'credential_response_invalid'],
  ['a token with a line break', { body: { ...token, access_token: 'a\r\nx-admin: 1' } }, 'credential_response_invalid'],
  [
    'a refresh token without end',
    { body: { ...token, refresh_token: 'r'.repeat(16_385) } },
    'credential_response_invalid',
  ],
  ['a lifetime that is over', { body: { ...token, expires_in: 0 } }, 'credential_response_invalid'],
  ['a negative lifetime', { body: { ...token, expires_in: -3600 } }, 'credential_response_invalid'],
  ['a lifetime that is no number', { body: { ...token, expires_in: 'soon' } }, 'credential_response_invalid'],
  ['too many requests', { status: 429, headers: { 'retry-after': '7' } }, 'credential_provider_busy'],
  [
    'its secret back',
    { status: 400, body: { error: 'invalid_request', error_description: 'refresh-1 secret-1 the-code' } },
    'credential_response_invalid',
  ],
  ['an unknown client', { status: 401, body: { error: 'invalid_client' } }, 'credential_client_rejected'],
  ['an unknown client without JSON', { status: 401, body: 'no' }, 'credential_client_rejected'],
  ['a client without rights', { status: 400, body: { error: 'unauthorized_client' } }, 'credential_client_rejected'],
  [
    'an error as success, as GitHub does',
    { body: { error: 'incorrect_client_credentials' } },
    'credential_client_rejected',
  ],
  [
    'an error that is a member of every object',
    { status: 400, body: { error: 'constructor' } },
    'credential_response_invalid',
  ],
]

describe('a token endpoint that answers', () => {
  test.each(tokenAnswers)('%s', async (_, answer, reason) => {
    const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
    const { pending } = await beginAt(client, upstream)
    site.answers.set('/token', answer)
    const refusal: unknown = await client.authorization
      .finish(upstream, 'default', answerWith(pending), pending)
      .catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(GatewayError)
    expect(refusal).toMatchObject({ reason })
    const { details, message } = refusal as GatewayError
    expect(JSON.stringify({ details, message })).not.toMatch(/secret-1|the-code|<|script/)
    expect(details.detail).not.toMatch(/[^\x20-\x7e]/)
  })

  test.each([
    ['seconds', () => '7', 7],
    ['a date', () => new Date(Date.now() + 60_000).toUTCString(), 60],
    ['an absurd time', () => '999999999', 86_400],
  ])('when to come again, in %s', async (_, header, seconds) => {
    const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
    const { pending } = await beginAt(client, upstream)
    const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
    site.answers.set('/token', () => ({ status: 503, headers: { 'retry-after': header() } }))
    const refused = await client.refreshTokens({ tenant: 'default', upstream, credential })
    if (!(refused instanceof GatewayError)) throw new Error('it was not refused')
    expect(refused.reason).toBe('credential_provider_unreachable')
    expect(Math.abs(Number(refused.details.headers?.['retry-after']) - seconds)).toBeLessThanOrEqual(1)
  })

  test.each([
    ['bad_refresh_token', 'connection_reconsent_required'],
    ['invalid_refresh_token', 'connection_reconsent_required'],
    ['interaction_required', 'connection_reconsent_required'],
    ['temporarily_unavailable', 'credential_provider_unreachable'],
    ['invalid_scope', 'credential_refresh_refused'],
    ['invalid_request', 'credential_refresh_refused'],
    ['expired-refresh-token', 'credential_refresh_refused'],
    ['constructor', 'credential_refresh_refused'],
  ])('a refresh with %s', async (error, reason) => {
    const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
    const { pending } = await beginAt(client, upstream)
    const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
    const echoed = `refresh token ${credential.refreshToken} of ${credential.clientId} with secret-1`
    site.answers.set('/token', { status: 400, body: { error, error_description: echoed } })
    const refused = await client.refreshTokens({ tenant: 'default', upstream, credential })
    expect(refused).toMatchObject({ reason, details: { detail: expect.stringContaining(error) as string } })
    expect((refused as GatewayError).details.detail).not.toMatch(/refresh-1|secret-1/)
  })
})

test.each([301, 308, 404, 410])(
  'a refresh at an endpoint that is no more (%i) may be ended by connecting anew',
  async (status) => {
    const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
    const { pending } = await beginAt(client, upstream)
    const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
    const elsewhere = `${site.origin}/oauth2/token`
    site.answers.set('/token', { status, headers: { location: elsewhere }, body: html })
    const refused = await client.refreshTokens({ tenant: 'default', upstream, credential })
    expect(refused).toMatchObject({ reason: 'credential_refresh_refused' })
    expect(site.to('/oauth2/token')).toEqual([])
  },
)

test('scopes without end, or with what is none, are not kept', async () => {
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  const scope = `read \u001b[31m "quoted" ${'x'.repeat(300)} ${Array.from({ length: 1000 }, (_, index) => `s${index}`).join(' ')}`
  site.answers.set('/token', { body: { ...token, scope } })
  const { scopes } = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  expect(scopes).toHaveLength(100)
  expect(scopes.slice(0, 2)).toEqual(['read', 's0'])
})

test('a refresh that HubSpot refuses is refused in its words', async () => {
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  const credential = await client.authorization.finish(upstream, 'default', answerWith(pending), pending)
  const message = `missing or invalid refresh token ${credential.refreshToken}`
  site.answers.set('/token', { status: 400, body: { status: 'BAD_REFRESH_TOKEN', message, correlationId: '7' } })
  const refused = await client.refreshTokens({ tenant: 'default', upstream, credential })
  expect(refused).toMatchObject({
    reason: 'credential_refresh_refused',
    details: {
      detail: expect.stringMatching(/BAD_REFRESH_TOKEN: missing or invalid refresh token \[secret\]$/) as string,
    },
  })
})

describe('a registration endpoint that answers', () => {
  test.each<[string, ScriptedAnswer, ReasonCode, RegExp]>([
    [
      'why not',
      { status: 400, body: { error: 'invalid_redirect_uri', error_description: 'host is not on our list' } },
      'credential_registration_refused',
      /host is not on our list/,
    ],
    ['Forbidden, as Figma does', { status: 403, body: 'Forbidden' }, 'credential_registration_refused', /403/],
    [
      'with a web page',
      { status: 403, headers: { 'content-type': 'text/html' }, body: html },
      'credential_registration_refused',
      /^it answered 403$/,
    ],
    ['no client', { status: 201, body: {} }, 'credential_registration_refused', /client_id/],
    [
      'a method nobody asked for',
      { status: 201, body: { client_id: 'x', token_endpoint_auth_method: 'tls_client_auth' } },
      'credential_registration_refused',
      /tls_client_auth/,
    ],
    [
      'no secret for a client with one',
      { status: 201, body: { client_id: 'x' } },
      'credential_registration_refused',
      /no secret/,
    ],
    ['too many requests', { status: 429 }, 'credential_provider_busy', /429/],
    ['that it is broken', { status: 500, body: html }, 'credential_provider_unreachable', /500/],
  ])('%s', async (_, answer, reason, detail) => {
    site.answers.set('/register', answer)
    const begun = beginAt(client, describeOAuthUpstream(`${site.origin}/mcp`))
    await expect(begun).rejects.toMatchObject({ reason, details: { detail: expect.stringMatching(detail) as string } })
    expect(await client.storage.upstreamClients.list({ limit: 1 })).toEqual([])
  })

  test('that there is none', async () => {
    scriptServer(site, { registration_endpoint: undefined })
    const begun = beginAt(client, describeOAuthUpstream(`${site.origin}/mcp`))
    await expect(begun).rejects.toMatchObject({ reason: 'credential_registration_refused' })
  })
})

describe('a challenge', () => {
  test.each([
    ['that never ends', `Bearer scope="${'a '.repeat(5000)}`],
    ['with scopes that are none', 'Bearer scope="a\\"b \\\\ é read"'],
    ['of another scheme', 'Basic resource_metadata="https://10.0.0.1/"'],
    ['that is nothing', ',,,, = ="'],
  ])('%s does no harm', async (_, header) => {
    site.answers.set('/mcp', { status: 401, headers: { 'www-authenticate': header.replace('é', '') } })
    const { asked } = await beginAt(client, describeOAuthUpstream(`${site.origin}/mcp`))
    expect(asked.get('scope')).toMatch(/^(read write|b read|read)$/)
  })

  test('with a thousand scopes asks for a hundred', async () => {
    const scope = Array.from({ length: 1000 }, (_, index) => `s${index}`).join(' ')
    site.answers.set('/mcp', { status: 401, headers: { 'www-authenticate': `Bearer scope="${scope}"` } })
    const { asked } = await beginAt(client, describeOAuthUpstream(`${site.origin}/mcp`))
    expect(asked.get('scope')?.split(' ')).toHaveLength(100)
  })
})

test.each([
  ['access_denied', 'connection_refused'],
  ['consent_required', 'connection_refused'],
  ['unauthorized_client', 'credential_client_rejected'],
  ['server_error', 'credential_provider_unreachable'],
  ['invalid_scope', 'credential_response_invalid'],
  ['toString', 'credential_response_invalid'],
])('an authorization answer with %s', async (error, reason) => {
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { pending } = await beginAt(client, upstream)
  const answer = answerWith(pending, { error, error_description: 'no\r\n<b>way</b>' })
  const finished = client.authorization.finish(upstream, 'default', answer, pending)
  await expect(finished).rejects.toMatchObject({ reason, details: { detail: `${error}: no <b>way</b>` } })
  expect(site.to('/token')).toEqual([])
})

test('a registration that the authorization endpoint does not know is made anew', async () => {
  const upstream = describeOAuthUpstream(`${site.origin}/mcp`)
  const { asked, pending } = await beginAt(client, upstream)
  const answer = answerWith(pending, { error: 'unauthorized_client' })
  await expect(client.authorization.finish(upstream, 'default', answer, pending)).rejects.toThrow()
  expect((await beginAt(client, upstream)).asked.get('client_id')).not.toBe(asked.get('client_id'))
})
