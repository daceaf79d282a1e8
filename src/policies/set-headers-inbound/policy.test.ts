import { expect, test } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import { UpstreamHeaderMap } from '../../http/exchange.ts'
import { setHeadersOptions } from './options.ts'
import { setHeadersInbound } from './policy.ts'

function headersAfter(options: object, before: Record<string, string> = {}) {
  const upstreamHeaders = new UpstreamHeaderMap()
  for (const [name, value] of Object.entries(before)) upstreamHeaders.set(name, value)
  const policy = setHeadersInbound.create(setHeadersOptions.parse(options), {} as PolicyHost)
  expect(policy.onRequest?.({ upstreamHeaders } as unknown as Exchange)).toBeUndefined()
  return Object.fromEntries(upstreamHeaders.entries())
}

test('sets headers under lower-case names; overwrite decides about earlier values', () => {
  const headers = [
    { name: 'X-Team', value: 'platform' },
    { name: 'accept-language', value: 'en', overwrite: false },
    { name: 'X-Kept', value: 'new', overwrite: false },
  ]
  expect(headersAfter({ headers }, { 'x-team': 'mine', 'x-kept': 'old' })).toEqual({
    'x-team': 'platform',
    'x-kept': 'old',
    'accept-language': 'en',
  })
})

test('values do not show when options are printed', () => {
  const options = setHeadersOptions.parse({ headers: [{ name: 'x-key', value: 'hunter22' }] })
  expect(JSON.stringify(options)).not.toContain('hunter22')
})

test.each([
  {},
  { headers: [] },
  { headers: [{ name: 'x' }] },
  { headers: [{ name: 'host', value: 'x' }] },
  { headers: [{ name: 'x', value: 'y', append: true }] },
])('refuses %j', (options) => {
  expect(setHeadersOptions.safeParse(options).success).toBe(false)
})
