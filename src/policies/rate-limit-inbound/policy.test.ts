import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import type { Subject } from '../../contracts/subject.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { createMemoryLimiter } from '../../limits/memory-limiter.ts'
import { rateLimitOptions } from './options.ts'
import { rateLimitInbound } from './policy.ts'

const start = 1_000_000_000_000
let now = start
const sharedLimiter = () => createMemoryLimiter(() => now)

function policyOf(options: object, limiter = sharedLimiter(), policyName = 'limit') {
  now = start
  const policy = rateLimitInbound.create(rateLimitOptions.parse(options), { policyName, limiter } as PolicyHost)
  return (exchange: Partial<Exchange>) => policy.onRequest?.(exchange as Exchange)
}
const subject = (id: string, tenant = 'default'): Partial<Exchange> => ({ subject: { id, tenant } as Subject, tenant })
const address = (clientAddress: string, tenant = 'default'): Partial<Exchange> => ({ clientAddress, tenant })

describe('options', () => {
  test('defaults and fractions', () => {
    expect(rateLimitOptions.parse({ requestsAllowed: 1, timeWindowMinutes: 0.1 })).toEqual({
      rateLimitBy: 'user',
      requestsAllowed: 1,
      timeWindowMinutes: 0.1,
      headerMode: 'retry-after',
    })
  })

  test.each([
    {},
    { requestsAllowed: 1 },
    { timeWindowMinutes: 1 },
    { requestsAllowed: 0, timeWindowMinutes: 1 },
    { requestsAllowed: 1.5, timeWindowMinutes: 1 },
    { requestsAllowed: 1, timeWindowMinutes: 0 },
    { requestsAllowed: 1, timeWindowMinutes: 1, rateLimitBy: 'function' },
    { requestsAllowed: 1, timeWindowMinutes: 1, mode: 'async' },
  ])('refuses %j', (options) => {
    expect(rateLimitOptions.safeParse(options).success).toBe(false)
  })
})

test('the request after the last allowed one is refused with Retry-After, and allowed after that time', () => {
  const take = policyOf({ requestsAllowed: 2, timeWindowMinutes: 0.1 })
  expect(take(subject('ada'))).toBeUndefined()
  expect(take(subject('ada'))).toBeUndefined()
  const refusal = take(subject('ada')) as GatewayError
  expect(refusal).toBeInstanceOf(GatewayError)
  expect([refusal.reason, refusal.status]).toEqual(['limit_rate_exceeded', 429])
  const seconds = Number(refusal.details.headers?.['retry-after'])
  expect(seconds).toBeGreaterThanOrEqual(6)
  expect(refusal.details.data).toEqual({ retryAfterSeconds: seconds })
  now += seconds * 1000
  expect(take(subject('ada'))).toBeUndefined()
})

test('headerMode none says nothing about time', () => {
  const take = policyOf({ requestsAllowed: 1, timeWindowMinutes: 1, headerMode: 'none' })
  expect(take(subject('ada'))).toBeUndefined()
  expect((take(subject('ada')) as GatewayError).details).toEqual({})
})

describe('who shares a count', () => {
  const options = { requestsAllowed: 1, timeWindowMinutes: 1 }

  test('user: tenant and id; without a subject it says what to change', () => {
    const take = policyOf(options)
    expect(take(subject('ada'))).toBeUndefined()
    expect(take(subject('bob'))).toBeUndefined()
    expect(take(subject('ada', 'other'))).toBeUndefined()
    expect(take(subject('ada'))).toBeInstanceOf(GatewayError)
    const refusal = take({ subject: undefined }) as GatewayError
    expect([refusal.reason, refusal.status]).toEqual(['config_subject_missing', 500])
    expect(refusal.details.detail).toMatch(/Policy "limit" limits by user/)
  })

  test.each([
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['2001:db8:1:2::1', '2001:0db8:1:2:ffff::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ])('ip: %s and %s', (left, right, same) => {
    const take = policyOf({ ...options, rateLimitBy: 'ip' })
    expect(take(address(left))).toBeUndefined()
    expect(take(address(right)) !== undefined).toBe(same)
  })

  test('all: everybody', () => {
    const take = policyOf({ ...options, rateLimitBy: 'all' })
    expect(take(subject('ada'))).toBeUndefined()
    expect(take(subject('bob'))).toBeInstanceOf(GatewayError)
  })

  test.each(['ip', 'all'])('%s: one tenant never uses up the count of another', (rateLimitBy) => {
    const take = policyOf({ ...options, rateLimitBy })
    expect(take(address('192.0.2.1', 'acme'))).toBeUndefined()
    expect(take(address('192.0.2.1', 'globex'))).toBeUndefined()
    expect(take(address('192.0.2.1', 'acme'))).toBeInstanceOf(GatewayError)
  })

  test('two policies count apart, two snapshots of one policy together', () => {
    const limiter = sharedLimiter()
    expect(policyOf(options, limiter, 'a')(subject('ada'))).toBeUndefined()
    expect(policyOf(options, limiter, 'b')(subject('ada'))).toBeUndefined()
    expect(policyOf(options, limiter, 'a')(subject('ada'))).toBeInstanceOf(GatewayError)
  })
})

test('a limiter that answers later is awaited', async () => {
  const limiter = { take: () => Promise.resolve({ allowed: false, retryAfterSeconds: 7 }) }
  const refusal = await policyOf({ requestsAllowed: 1, timeWindowMinutes: 1 }, limiter)(subject('ada'))
  expect((refusal as GatewayError).details.headers).toEqual({ 'retry-after': '7' })
})
