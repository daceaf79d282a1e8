import { describe, expect, test } from 'vitest'
import type { ApiKeyRefusal, VerifiedApiKey } from '../../contracts/api-key.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { newApiKey } from '../../identity/api-key.ts'
import { apiKeyOptions } from './options.ts'
import { apiKeyInbound } from './policy.ts'

const key = newApiKey()
const verified = { id: 'k1', consumer: { tenant: 'acme', name: 'billing', metadata: { plan: 'gold' } } }

function run(
  headers: Exchange['headers'],
  options: object = {},
  outcome: VerifiedApiKey | ApiKeyRefusal = verified,
  search = '',
) {
  const asked: unknown[] = []
  const verify = (...parts: unknown[]) => {
    asked.push(parts)
    return outcome
  }
  const exchange = { headers, search } as unknown as Exchange
  const host = { policyName: 'keys', apiKeys: { verify } } as unknown as PolicyHost
  const { authentication } = apiKeyInbound.create(apiKeyOptions.parse(options), host)
  if (!authentication) throw new Error('no authentication')
  return { result: authentication.authenticate(exchange), authentication, exchange, asked }
}

describe('api-key-inbound', () => {
  test('the subject is the consumer, the client is the key', () => {
    const { result, asked } = run({ authorization: `Bearer ${key}` })
    const subject = { id: 'consumer:billing', tenant: 'acme', clientId: 'k1', scopes: [], data: { plan: 'gold' } }
    expect(result).toEqual({ ...subject, revocableId: 'k1' })
    expect(asked).toEqual([[key, 60_000]])
  })

  test('reads another header without a scheme, and either with another scheme', () => {
    expect(run({ 'x-api-key': key }, { authHeader: 'X-Api-Key' }).result).toMatchObject({ id: 'consumer:billing' })
    expect(run({ authorization: `ApiKey ${key}` }, { authScheme: 'apikey' }).result).toMatchObject({
      id: 'consumer:billing',
    })
    expect(run({ authorization: key }, { authScheme: '' }).result).toMatchObject({ id: 'consumer:billing' })
  })

  test.each([
    ['no header', {}],
    ['an access token', { authorization: 'Bearer sp_at_x' }],
    ['a JWT', { authorization: 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.x' }],
    ['another scheme', { authorization: `Basic ${key}` }],
    ['another header', { 'x-api-key': key }],
  ])('leaves %s to the other policies', (_what, headers) => {
    const { result, asked } = run(headers)
    expect(result).toBeUndefined()
    expect(asked).toEqual([])
  })

  test.each(['key_invalid', 'key_expired', 'key_revoked'] as const)('refuses with %s and a challenge', (reason) => {
    const { result } = run({ authorization: `Bearer ${key}` }, {}, reason)
    expect(result).toMatchObject({ reason, status: 401 })
    const headers = (result as GatewayError).details.headers
    expect(headers?.['www-authenticate']).toMatch(/^Bearer realm="sallyport", error="invalid_token"/)
  })

  test('says in the event, not to the caller, that a key is mistyped', () => {
    const typo = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`
    const { result } = run({ authorization: `Bearer ${typo}` }, {}, 'key_invalid')
    expect((result as GatewayError).details.detail).toContain('mistyped')
    expect((result as GatewayError).message).not.toContain('mistyped')
  })

  test('accepts keys of one tenant only, when told so', () => {
    expect(run({ authorization: `Bearer ${key}` }, { tenant: 'acme' }).result).toMatchObject({ tenant: 'acme' })
    const refused = run({ authorization: `Bearer ${key}` }, { tenant: 'other' }).result
    expect(refused).toMatchObject({ reason: 'key_invalid', details: { detail: 'the key belongs to another tenant' } })
  })

  test('a key in the query is refused, whatever the header says', () => {
    const { result } = run({ authorization: `Bearer ${key}` }, {}, verified, `?key=${key}`)
    expect(result).toMatchObject({ reason: 'token_misplaced', status: 400 })
  })

  test('without a credential asks for a key, with another one says that it is none', () => {
    const missing = run({})
    expect(missing.authentication.refuse(missing.exchange)).toMatchObject({ reason: 'key_missing' })
    expect(missing.authentication.isPresented(missing.exchange)).toBe(false)
    const foreign = run({ authorization: 'Basic YTpi' })
    expect(foreign.authentication.refuse(foreign.exchange)).toMatchObject({ reason: 'key_invalid' })
    expect(foreign.authentication.isPresented(foreign.exchange)).toBe(true)
  })
})
