import { createHmac } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type JwtIssuer, startJwtIssuer } from '../../../test/harness/jwt-issuer.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { UpstreamHeaderMap } from '../../http/exchange.ts'
import { openIdJwtOptions } from './options.ts'
import { openIdJwtAuthInbound } from './policy.ts'

let issuer: JwtIssuer
beforeEach(async () => {
  issuer = await startJwtIssuer()
})
afterEach(async () => {
  vi.useRealTimers()
  await issuer.close()
})

function createPolicy(options: object = {}) {
  const parsed = openIdJwtOptions.parse({ issuer: issuer.url, audience: 'gateway', ...options })
  const { authentication } = openIdJwtAuthInbound.create(parsed, {} as PolicyHost)
  if (!authentication) throw new Error('no authentication')
  const exchangeOf = (headers: Exchange['headers'], search = '', tenant = 'default') =>
    ({ headers, search, tenant, upstreamHeaders: new UpstreamHeaderMap() }) as unknown as Exchange
  return {
    authentication,
    exchangeOf,
    present: (token: string) => authentication.authenticate(exchangeOf({ authorization: `Bearer ${token}` })),
  }
}

const subjectOf = (name: string) => `${new URL(issuer.url).host}|${name}`

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('open-id-jwt-auth-inbound', () => {
  test('the claims become the subject; the signature is checked once', async () => {
    const { present } = createPolicy()
    const token = await issuer.sign({ azp: 'web', scope: 'read write', groups: ['ops'] })
    const subject = { id: subjectOf('ada'), tenant: 'default', clientId: 'web', scopes: ['read', 'write'] }
    expect(await present(token)).toMatchObject({ ...subject, data: { groups: ['ops'] } })
    const again = present(token)
    expect(again).not.toBeInstanceOf(Promise)
    expect(again).toMatchObject(subject)
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('the keys may be named, and the subject be another claim', async () => {
    const { present } = createPolicy({ jwkUrl: `${issuer.url}/jwks`, subPropertyName: 'email', tenant: 'acme' })
    expect(await present(await issuer.sign({ email: 'a@b.example' }))).toMatchObject({
      id: subjectOf('a@b.example'),
      tenant: 'acme',
    })
    expect(issuer.requests).toEqual(['/jwks'])
    expect(await present(await issuer.sign({ email: 7 }))).toMatchObject({ reason: 'token_invalid' })
    expect(await present(await issuer.sign())).toMatchObject({ reason: 'token_invalid' })
  })

  test('the tenant is that of the option, of the claim, or of the route', async () => {
    const tenantWith = async (options: object, claims: object = {}) => {
      const { authentication, exchangeOf } = createPolicy(options)
      const headers = { authorization: `Bearer ${await issuer.sign({ ...claims })}` }
      const outcome = await authentication.authenticate(exchangeOf(headers, '', 'route'))
      return outcome instanceof GatewayError ? `${outcome.reason}: ${outcome.details.detail}` : outcome?.tenant
    }
    expect(await tenantWith({})).toBe('route')
    expect(await tenantWith({ tenant: 'acme' })).toBe('acme')
    const tenants = { claim: 'org.id' }
    expect(await tenantWith({ tenants }, { org: { id: 'acme' } })).toBe('acme')
    const map = { Org_1: 'acme', Org_2: 'globex' }
    expect(await tenantWith({ tenants: { ...tenants, map } }, { org: { id: 'Org_2' } })).toBe('globex')
    const refusal = 'token_invalid: the claim "org.id" does not name one tenant of this gateway'
    for (const org of [undefined, { id: 'No Tenant' }, { id: ['acme', 'globex'] }, { id: 7 }])
      expect(await tenantWith({ tenants }, { org })).toBe(refusal)
    for (const id of ['org_1', 'acme', 'constructor', ['Org_1', 'Org_2']])
      expect(await tenantWith({ tenants: { ...tenants, map } }, { org: { id } })).toBe(refusal)
    const both = openIdJwtOptions.safeParse({ issuer: issuer.url, audience: 'a', tenant: 'acme', tenants })
    expect(both.error?.issues[0]?.message).toContain('write tenant or tenants')
  })

  test.each(['PS256', 'ES256', 'EdDSA'])('accepts %s', async (alg) => {
    await issuer.addKey('k2', alg)
    expect(await createPolicy().present(await issuer.sign())).toMatchObject({ id: subjectOf('ada') })
  })

  test('leaves what is no JWT, or of another issuer, to the other policies', async () => {
    const { authentication, exchangeOf, present } = createPolicy()
    expect(present('sp_at_x')).toBeUndefined()
    expect(present('sp_key_x')).toBeUndefined()
    expect(present(await issuer.sign({ iss: 'https://other.example' }))).toBeUndefined()
    expect(authentication.authenticate(exchangeOf({}))).toBeUndefined()
    expect(authentication.authenticate(exchangeOf({ authorization: 'Basic YTpi' }))).toBeUndefined()
    expect(issuer.requests).toEqual([])
    expect(authentication.refuse(exchangeOf({}))).toMatchObject({ reason: 'token_missing' })
    const refusal = authentication.refuse(exchangeOf({ authorization: 'Bearer x' }))
    expect(refusal.reason).toBe('token_invalid')
    expect(refusal.details.headers?.['www-authenticate']).toMatch(/^Bearer realm="sallyport", error="invalid_token"/)
  })

  test('the subject may be the claim alone, where no other issuer can mean somebody else by it', async () => {
    const { present } = createPolicy({ subjectMapping: 'sub_id_only' })
    expect(await present(await issuer.sign())).toMatchObject({ id: 'ada', data: { sub: 'ada' } })
  })

  test('does not pass the token on in a header that the route forwards', async () => {
    const { authentication, exchangeOf } = createPolicy({ authHeader: 'X-Token' })
    const exchange = exchangeOf({ 'x-token': `Bearer ${await issuer.sign()}` })
    exchange.upstreamHeaders.set('x-token', String(exchange.headers['x-token']))
    expect(await authentication.authenticate(exchange)).toMatchObject({ id: subjectOf('ada') })
    authentication.withhold?.(exchange)
    expect([...exchange.upstreamHeaders.entries()]).toEqual([])
  })

  test('asks for claims', async () => {
    const { present } = createPolicy({ requiredClaims: { plan: ['gold', 'iron'], groups: 'ops', email: [] } })
    const good = { plan: 'iron', groups: ['dev', 'ops'], email: 'x' }
    expect(await present(await issuer.sign(good))).toMatchObject({ id: subjectOf('ada') })
    for (const change of [{ plan: 'tin' }, { groups: ['dev'] }, { email: undefined }, { plan: undefined }]) {
      expect(await present(await issuer.sign({ ...good, ...change }))).toMatchObject({ reason: 'token_invalid' })
    }
  })

  test('expiry counts also for a token that was verified before, with the tolerance', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { present } = createPolicy({ clockToleranceSeconds: 2 })
    const token = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + 10 })
    expect(await present(token)).toMatchObject({ id: subjectOf('ada') })
    vi.setSystemTime(Date.now() + 11_000)
    expect(await present(token)).toMatchObject({ id: subjectOf('ada') })
    vi.setSystemTime(Date.now() + 2000)
    expect(await present(token)).toMatchObject({ reason: 'token_expired' })
  })
})

describe('keys', () => {
  test('a new key is found, an unknown one is not looked for again at once', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { present } = createPolicy({ jwkUrl: `${issuer.url}/jwks` })
    await present(await issuer.sign())
    await issuer.addKey('k2')
    vi.setSystemTime(Date.now() + 31_000)
    expect(await present(await issuer.sign())).toMatchObject({ id: subjectOf('ada') })
    expect(issuer.requests).toHaveLength(2)
    for (let n = 0; n < 5; n++) {
      expect(await present(await issuer.sign({ n }, { kid: `none-${n}` }))).toMatchObject({ reason: 'token_invalid' })
    }
    expect(issuer.requests).toHaveLength(2)
  })

  test('tokens that come together share one request', async () => {
    const { present } = createPolicy({ jwkUrl: `${issuer.url}/jwks` })
    const tokens = await Promise.all([1, 2, 3].map((n) => issuer.sign({ n })))
    const outcomes = await Promise.all(tokens.map(async (token) => present(token)))
    expect(outcomes).toEqual(tokens.map(() => expect.objectContaining({ id: subjectOf('ada') })))
    expect(issuer.requests).toEqual(['/jwks'])
  })

  test('old keys are used while the issuer is down; without any, it is the issuer that failed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { present } = createPolicy()
    await present(await issuer.sign())
    issuer.down = true
    vi.setSystemTime(Date.now() + 3_590_000)
    expect(await present(await issuer.sign())).toMatchObject({ id: subjectOf('ada') })
    const fresh = createPolicy()
    for (let n = 0; n < 2; n++) {
      expect(await fresh.present(await issuer.sign({ n }))).toMatchObject({ reason: 'identity_provider_unreachable' })
    }
  })

  test('a withdrawn key does not count for as long as somebody keeps the issuer from answering', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const [options, seconds] of [
      [{}, 3600],
      [{ staleKeysSeconds: 60 }, 60],
    ] as const) {
      issuer.down = false
      const { present } = createPolicy(options)
      await present(await issuer.sign({ seconds }))
      issuer.down = true
      vi.setSystemTime(Date.now() + (seconds - 5) * 1000)
      expect(await present(await issuer.sign({ n: 1 }))).toMatchObject({ id: subjectOf('ada') })
      vi.setSystemTime(Date.now() + 6000)
      // Refused at once and without asking: the issuer is not asked more often because it is down.
      for (const n of [2, 3]) {
        const refusal = await present(await issuer.sign({ n }))
        expect(refusal).toMatchObject({ reason: 'identity_provider_unreachable', status: 502 })
      }
      issuer.down = false
      vi.setSystemTime(Date.now() + 31_000)
      expect(await present(await issuer.sign({ n: 4 }))).toMatchObject({ id: subjectOf('ada') })
    }
  })

  test('keys that may not be used for long are read again, not refused, while the issuer answers', async () => {
    const { present } = createPolicy({ staleKeysSeconds: 0, jwkUrl: `${issuer.url}/jwks` })
    for (const n of [1, 2, 3]) expect(await present(await issuer.sign({ n }))).toMatchObject({ id: subjectOf('ada') })
    expect(issuer.requests).toEqual(['/jwks'])
  })

  test('metadata of another issuer is not believed', async () => {
    issuer.metadata['issuer'] = 'https://evil.example'
    expect(await createPolicy().present(await issuer.sign())).toMatchObject({
      details: { detail: expect.stringContaining('another issuer') },
    })
  })

  test('metadata cannot send the gateway into its own network', async () => {
    issuer.metadata['jwks_uri'] = 'https://10.0.0.7/jwks'
    expect(await createPolicy().present(await issuer.sign())).toMatchObject({
      details: { detail: expect.stringContaining('not public') },
    })
  })
})

describe('attacks', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const refused = async (token: string, reason = 'token_invalid', options: object = {}) => {
    const result = await createPolicy(options).present(token)
    expect(result).toBeInstanceOf(GatewayError)
    expect(result).toMatchObject({ reason, status: 401 })
  }

  test.each(['none', 'None', 'NONE', ''])('alg "%s" without a signature', async (alg) => {
    const [, payload] = (await issuer.sign()).split('.')
    await refused(`${part({ alg, kid: 'k1' })}.${payload}.`)
  })

  test('HS256 with the public key as the secret, in every form of that key', async () => {
    const [jwk] = issuer.keys
    const pem = await exportSPKI((await importJWK({ ...jwk, ext: true }, 'RS256', { extractable: true })) as never)
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), String(jwk?.n)]) {
      const [, payload] = (await issuer.sign()).split('.')
      const text = `${part({ alg: 'HS256', kid: 'k1' })}.${payload}`
      await refused(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`)
    }
  })

  test('a symmetric key that the issuer publishes is no key', async () => {
    issuer.keys.push({ kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'sym', alg: 'HS256' })
    const [, payload] = (await issuer.sign()).split('.')
    const text = `${part({ alg: 'HS256', kid: 'sym' })}.${payload}`
    await refused(`${text}.${createHmac('sha256', 'secret').update(text).digest('base64url')}`)
  })

  test('an algorithm that is not in the list', async () => {
    await refused(await issuer.sign(), 'token_invalid', { algorithms: ['ES256'] })
  })

  test.each([
    ['wrong audience', { aud: 'another' }, 'token_wrong_audience'],
    ['no audience', { aud: undefined }, 'token_wrong_audience'],
    ['expired', { exp: 1_000_000_000 }, 'token_expired'],
    ['no expiry', { exp: undefined }, 'token_invalid'],
    ['expiry as text', { exp: '9999999999' }, 'token_invalid'],
    ['not valid yet', { nbf: 9_999_999_999 }, 'token_invalid'],
    ['no subject', { sub: undefined }, 'token_invalid'],
    ['empty subject', { sub: '' }, 'token_invalid'],
  ])('%s', async (_what, claims, reason) => {
    await refused(await issuer.sign(claims), reason)
  })

  test('an issuer that only begins like the right one is somebody else', async () => {
    const { present } = createPolicy()
    for (const iss of [
      `${issuer.url}/`,
      `${issuer.url}.evil.example`,
      issuer.url.toUpperCase(),
      [issuer.url],
      undefined,
    ]) {
      expect(await present(await issuer.sign({ iss }))).toBeUndefined()
    }
  })

  test('kid is a name, not a path, query or statement', async () => {
    for (const kid of ['../../../dev/null', "k1' OR '1'='1", 'https://evil.example/k', 'k1\u0000', '__proto__']) {
      await refused(await issuer.sign({}, { kid }))
    }
  })

  test('keys that the token brings along (jku, x5u, jwk, x5c) are ignored, and nothing is fetched', async () => {
    const evil = await startJwtIssuer()
    const key = await evil.addKey('k1')
    const [jwk] = evil.keys.slice(-1)
    const brought = { jku: `${evil.url}/jwks`, x5u: `${evil.url}/x5u`, jwk, x5c: ['MIIB'] }
    await refused(await issuer.sign({}, brought as object, key))
    expect(evil.requests).toEqual([])
    await evil.close()
  })

  test('a changed claim, a swapped part, a token cut off', async () => {
    const token = await issuer.sign()
    const [header, payload, signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as object
    await refused(`${header}.${part({ ...claims, sub: 'root' })}.${signature}`)
    await refused(`${header}.${payload}.${signature.slice(0, -4)}`)
    await refused(`${header}.${payload}.`)
    await refused(`${header}.bm8ganNvbg.${signature}`)
  })

  test('an unknown critical header is not understood', async () => {
    const [, payload, signature] = (await issuer.sign()).split('.')
    await refused(`${part({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${payload}.${signature}`)
  })

  test('token confusion: what the issuer signed for another purpose is no token of a caller', async () => {
    for (const typ of ['logout+jwt', 'oauth-id-jag+jwt', 'application/secevent+jwt', 'dpop+jwt', 'x']) {
      await refused(await issuer.sign({}, { typ }))
    }
    for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt']) {
      expect(await createPolicy().present(await issuer.sign({}, { typ }))).not.toBeInstanceOf(GatewayError)
    }
  })

  test('stolen token: one that is bound to a key of its holder is no bearer token', async () => {
    for (const cnf of [{ jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }, { 'x5t#S256': 'x' }, {}, null, 'x']) {
      await refused(await issuer.sign({ cnf }), 'token_key_bound')
    }
    const refusal = await createPolicy().present(await issuer.sign({ cnf: { jkt: 'x' } }))
    expect(refusal).toMatchObject({
      status: 401,
      details: { headers: { 'www-authenticate': expect.stringContaining('bound to a key') as string } },
    })
  })

  test('subject confusion: an issuer without a prefix cannot name a person of another issuer', async () => {
    const options = { subjectMapping: 'sub_id_only' }
    for (const sub of ['login.example.com|ada', '127.0.0.1:80|ada', 'localhost/realm|ada']) {
      await refused(await issuer.sign({ sub }), 'token_invalid', options)
    }
    expect(await createPolicy(options).present(await issuer.sign({ sub: 'auth0|ada' }))).toMatchObject({
      id: 'auth0|ada',
    })
  })

  test('a huge token is refused before it is read', async () => {
    const token = await issuer.sign({ padding: 'x'.repeat(20_000) })
    await refused(token)
    expect(issuer.requests).toEqual([])
  })

  test('deeply nested claims do not end the process', async () => {
    const nested = `${'['.repeat(4000)}${']'.repeat(4000)}`
    const token = `${part({ alg: 'RS256' })}.${Buffer.from(`{"iss":${nested}}`).toString('base64url')}.x`
    expect(await createPolicy().present(token)).toBeUndefined()
  })

  test('a token in the query', async () => {
    const { authentication, exchangeOf } = createPolicy()
    const search = `?access_token=${await issuer.sign({ exp: now() + 60 })}`
    expect(authentication.authenticate(exchangeOf({}, search))).toMatchObject({ reason: 'token_misplaced' })
  })
})

test('options: https, public keys only, no HMAC', () => {
  const parse = (options: object) =>
    openIdJwtOptions.safeParse({ issuer: 'https://i.example', audience: 'a', ...options })
  expect(parse({}).success).toBe(true)
  expect(parse({ issuer: 'http://localhost:8080/realms/x' }).success).toBe(true)
  expect(parse({ issuer: 'http://i.example' }).success).toBe(false)
  expect(parse({ jwkUrl: 'http://10.0.0.1/jwks' }).success).toBe(false)
  expect(parse({ algorithms: ['HS256'] }).success).toBe(false)
  expect(parse({ algorithms: ['none'] }).success).toBe(false)
  expect(parse({ algorithms: [] }).success).toBe(false)
  expect(parse({ secret: 'x' }).success).toBe(false)
})
