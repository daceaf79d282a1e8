import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { Secret } from '../lib/secret.ts'
import { scrub } from './scrub.ts'
import { mayHoldSecretText, scrubText } from './secret-text.ts'

/** Long enough not to appear by chance. */
const secretValue = fc.stringMatching(/^[A-Za-z0-9_-]{24,40}$/)

const secretName = fc.constantFrom(
  ...(
    'authorization Proxy-Authorization cookie set-cookie Set-Cookie token access_token idToken refreshToken secret ' +
    'registration_access_token client_secret clientSecret password passphrase api_key apiKey X-Api-Key code state ' +
    'x-amz-security-token upstreamApiKey private_key vaultKeys code_verifier codeVerifier client_assertion ' +
    'device_code credentials jwt session'
  ).split(' '),
)

/** A value that holds the secret in a way that must be recognised. */
const carriers = (secret: string, name: string): fc.Arbitrary<unknown> =>
  fc.constantFrom<unknown>(
    { [name]: secret },
    { [name]: [secret, { deeper: secret }] },
    { name, value: secret },
    new Map([[name, secret]]),
    new URLSearchParams([[name, secret]]),
    [name, secret],
    [
      ['accept', '*/*'],
      [name, secret],
    ],
    new Secret(secret),
    `sp_at_${secret}`,
    `refused sp_rt_${secret}, sorry`,
    `Authorization: Bearer ${secret}`,
    `authorization: basic ${secret}`,
    `https://ada:${secret}@example.com/`,
    new URL(`https://ada:${secret}@example.com/cb?code=${secret}`),
    `https://example.com/cb?x=1&code=${secret}&state=${secret}`,
    `grant_type=refresh_token&refresh_token=${secret}`,
    `{"access_token": "${secret}"}`,
    `eyJhbGciOiJub25lIn0.${secret}.${secret}`,
    `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
    new Error(`upstream said: Bearer ${secret}`),
    Object.assign(new Error('refused'), { headers: { [name]: secret } }),
    new GatewayError('gateway_error', { cause: new Error(`token=${secret}`), data: { [name]: secret } }),
  )

function nest(value: unknown, wrappings: readonly number[]): unknown {
  return wrappings.reduce<unknown>((inner, wrapping) => {
    if (wrapping === 0) return { plain: 1, inner }
    if (wrapping === 1) return ['x', inner, null]
    if (wrapping === 2) return new Map([['entry', inner]])
    if (wrapping === 3) return new Error('outer', { cause: inner })
    return Object.assign(Object.create({ inherited: true }) as object, { inner })
  }, value)
}

describe('no secret is printed', () => {
  test('under any nesting, name and shape', () => {
    const samples = fc
      .tuple(secretValue, secretName, fc.array(fc.nat({ max: 4 }), { maxLength: 12 }))
      .chain(([secret, name, wrappings]) =>
        carriers(secret, name).map((carrier) => ({ secret, value: nest(carrier, wrappings) })),
      )
    fc.assert(
      fc.property(samples, ({ secret, value }) => {
        expect(JSON.stringify(scrub(value))).not.toContain(secret)
      }),
      { numRuns: 3000 },
    )
  })

  test('in a key', () => {
    expect(JSON.stringify(scrub({ sp_at_abcdef: 1 }))).not.toContain('abcdef')
  })

  test('across the end of what is logged', () => {
    const secret = 'x'.repeat(200)
    for (let before = 8100; before < 8200; before++) {
      expect(scrubText(`${' '.repeat(before)}https://ada:${secret}@example.com`)).not.toContain('xx')
    }
  })

  test('the quick look at JSON never misses what the thorough one would change', () => {
    fc.assert(
      fc.property(secretValue, secretName, fc.string(), (secret, name, around) => {
        for (const text of [
          `sp_at_${secret}`,
          `BEARER ${secret}`,
          `"${name}": "${secret}"`,
          `a://b:${secret}@c`,
          `${name}=${secret}`,
        ]) {
          const full = around + text
          if (scrubText(full) !== full) expect(mayHoldSecretText(JSON.stringify({ full }))).toBe(true)
        }
      }),
    )
  })
})

describe('what is harmless stays readable', () => {
  test.each([
    [
      {
        statusCode: 200,
        jsonRpcCode: -32601,
        clientId: 'x',
        tokenEndpoint: 'https://a.example/token',
        reason: 'token_missing',
      },
    ],
    [{ code: 'ECONNREFUSED', inner: { code: -32602 }, hasToken: true, secret: null }],
    [{ url: 'https://example.com/cb?x=1', subject: 'ada@example.com', capability: 'issue://42' }],
    [{ list: [1, 'two', false], at: '2026-01-01' }],
  ])('%j', (value) => {
    expect(scrub(value)).toEqual(value)
  })

  test('errors with four causes, each with its stack; a cause is printed once', () => {
    const chain = [1, 2, 3, 4, 5, 6].reduce<Error | undefined>((cause, n) => new Error(`e${n}`, { cause }), undefined)
    const text = JSON.stringify(scrub({ error: chain }))
    expect(['e6', 'e5', 'e4', 'e3', 'e2', 'e1'].map((name) => text.includes(`"${name}"`))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ])
    expect(text).toContain('[more causes]')
    const wrapped = new GatewayError('gateway_error', { cause: new Error('once only') })
    expect(JSON.stringify(scrub({ wrapped })).match(/"message":"once only"/g)).toHaveLength(1)
  })

  test('members of maps, headers and parameters', () => {
    const pairs: [string, string][] = [
      ['accept', 'text/html'],
      ['x-api-key', 'abcdef'],
    ]
    const expected = { accept: 'text/html', 'x-api-key': '[secret]' }
    expect(scrub([new Map(pairs), new Headers(pairs), new URLSearchParams(pairs)])).toEqual([
      expected,
      expected,
      expected,
    ])
  })

  test('dates, sizes of bytes, sets, big integers and functions', () => {
    const value = { date: new Date(0), bytes: Buffer.alloc(3), set: new Set([1]), big: 10n, fn: () => 1 }
    expect(scrub(value)).toEqual({
      date: '1970-01-01T00:00:00.000Z',
      bytes: '[3 bytes]',
      set: [1],
      big: '10',
      fn: '[function]',
    })
  })
})

describe('bounds', () => {
  test('any value gives JSON without throwing, and the original is not changed', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true }),
        (value) => {
          expect(() => JSON.stringify(scrub(value))).not.toThrow()
        },
      ),
    )
    const original = Object.freeze({ token: 'abc', inner: Object.freeze({ password: 'x' }) })
    scrub(original)
    expect(original).toEqual({ token: 'abc', inner: { password: 'x' } })
  })

  test('cycles, depth, length and amount', () => {
    const cyclic: { self?: unknown; list: unknown[] } = { list: [] }
    cyclic.self = cyclic
    cyclic.list.push(cyclic)
    expect(scrub(cyclic)).toEqual({ self: '[circular]', list: ['[circular]'] })
    const selfCaused = new Error('loop')
    selfCaused.cause = selfCaused
    expect(scrub(selfCaused)).toMatchObject({ cause: '[circular]' })
    expect(JSON.stringify(scrub(nest('leaf', Array<number>(20).fill(0))))).toContain('[too deep]')
    expect(scrub(Array(500).fill(0))).toHaveLength(101)
    const wide = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`k${i}`, Array(90).fill('text')]))
    expect(JSON.stringify(scrub({ wide, again: wide, more: wide })).length).toBeLessThan(30_000)
    expect(String(scrub('y'.repeat(20_000)))).toHaveLength(8192 + '… (20000 characters)'.length)
  })

  test('a getter that throws and a hostile __proto__ are harmless', () => {
    expect(
      scrub({
        get broken(): never {
          throw new Error('no')
        },
      }),
    ).toBe('[unreadable]')
    const copy = scrub(JSON.parse('{"__proto__": {"polluted": true}}')) as object
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect('polluted' in copy).toBe(false)
  })

  test('text made to be slow to scan is scanned quickly enough to finish', () => {
    for (const part of ['eyJ-', '://a:', 'bearer ', '-----BEGIN A', 'token=', '"token":', 'x'.repeat(50)]) {
      expect(scrubText(part.repeat(20_000)).length).toBeLessThan(9000)
    }
  })
})
