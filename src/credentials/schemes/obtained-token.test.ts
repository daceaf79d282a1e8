import { describe, expect, test, vi } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { TokenSet } from '../token-endpoint.ts'
import { presentObtainedToken } from './obtained-token.ts'

let nowMs = 1_800_000_000_000
const exchangeOf = (id: string) => ({ subject: { id } }) as unknown as Exchange
const ada = exchangeOf('ada')
const refused = { status: 401, challenge: undefined } as const

function open(answer: (call: number) => Partial<TokenSet> | GatewayError) {
  let calls = 0
  const request = vi.fn(async (): Promise<TokenSet | GatewayError> => {
    const given = answer(++calls)
    if (given instanceof GatewayError) return given
    return {
      accessToken: `t${calls}`,
      refreshToken: undefined,
      expiresAtMs: nowMs + 600_000,
      scopes: undefined,
      ...given,
    }
  })
  const scheme = presentObtainedToken({ keyOf: ({ subject }) => subject?.id ?? '', request, clock: () => nowMs })
  const obtain = async (exchange = ada) => {
    const value = await scheme.obtain(exchange)
    return value instanceof GatewayError ? value.reason : value?.headers[0]?.[1]
  }
  return { scheme, request, obtain }
}

test('one request serves all calls of one key until the token is near its end', async () => {
  const { obtain, request } = open(() => ({}))
  expect(await Promise.all([obtain(), obtain(), obtain()])).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1'])
  nowMs += 560_000
  expect(await obtain()).toBe('Bearer t1')
  nowMs += 15_000
  expect(await obtain()).toBe('Bearer t2')
  expect(request).toHaveBeenCalledTimes(2)
})

test('every key has a token of its own', async () => {
  const { obtain } = open(() => ({}))
  expect(await obtain(ada)).toBe('Bearer t1')
  expect(await obtain(exchangeOf('bob'))).toBe('Bearer t2')
})

test('a token whose lifetime nobody told holds until the upstream refuses it', async () => {
  const { obtain, scheme } = open(() => ({ expiresAtMs: undefined }))
  await obtain()
  nowMs += 365 * 24 * 3600 * 1000
  expect(await obtain()).toBe('Bearer t1')
  const used = await scheme.obtain(ada)
  if (used instanceof GatewayError) throw used
  expect(await scheme.renew(used, refused, ada)).toMatchObject({ headers: [['authorization', 'Bearer t2']] })
})

test('a short-lived token is not asked for again by every call', async () => {
  const { obtain, request } = open(() => ({ expiresAtMs: nowMs + 10_000 }))
  await obtain()
  nowMs += 7000
  await obtain()
  expect(request).toHaveBeenCalledOnce()
})

describe('renew', () => {
  test('of a token that was replaced meanwhile presents the present one', async () => {
    const { scheme, request } = open(() => ({}))
    const first = await scheme.obtain(ada)
    if (first instanceof GatewayError) throw first
    const [second, third] = await Promise.all([scheme.renew(first, refused, ada), scheme.renew(first, refused, ada)])
    expect(second).toBe(third)
    expect(await scheme.renew(first, refused, ada)).toBe(second)
    expect(request).toHaveBeenCalledTimes(2)
  })

  test('does not ask for the same scopes again', async () => {
    const { scheme, request } = open(() => ({}))
    const used = await scheme.obtain(ada)
    if (used instanceof GatewayError) throw used
    expect(await scheme.renew(used, { status: 403, challenge: undefined }, ada)).toMatchObject({
      reason: 'upstream_unauthorized',
    })
    expect(request).toHaveBeenCalledOnce()
  })
})

test('a server that is down is asked once a second, and one that is busy when it says', async () => {
  const busy = new GatewayError('credential_provider_busy', { headers: { 'retry-after': '20' } })
  const down = new GatewayError('credential_provider_unreachable')
  const { obtain, request } = open((call) => [down, busy, {}][call - 1] ?? {})
  expect([await obtain(), await obtain()]).toEqual([
    'credential_provider_unreachable',
    'credential_provider_unreachable',
  ])
  nowMs += 1000
  expect(await obtain()).toBe('credential_provider_busy')
  nowMs += 19_000
  expect(await obtain()).toBe('credential_provider_busy')
  expect(request).toHaveBeenCalledTimes(2)
  nowMs += 1000
  expect(await obtain()).toBe('Bearer t3')
})
