import { expect, test } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import { UpstreamHeaderMap } from '../../http/exchange.ts'
import { upstreamApiKeyOptions } from './options.ts'
import { setUpstreamApiKeyInbound } from './policy.ts'

function headersAfter(options: object, before: Record<string, string> = {}) {
  const upstreamHeaders = new UpstreamHeaderMap()
  for (const [name, value] of Object.entries(before)) upstreamHeaders.set(name, value)
  const policy = setUpstreamApiKeyInbound.create(upstreamApiKeyOptions.parse(options), {} as PolicyHost)
  expect(policy.onRequest?.({ upstreamHeaders } as unknown as Exchange)).toBeUndefined()
  return Object.fromEntries(upstreamHeaders.entries())
}

test('the key goes into authorization unless another header is named', () => {
  expect(headersAfter({ value: 'Bearer key-1' })).toEqual({ authorization: 'Bearer key-1' })
  expect(headersAfter({ value: 'key-1', header: 'X-Api-Key' })).toEqual({ 'x-api-key': 'key-1' })
})

test('it replaces an earlier value unless overwrite is false', () => {
  const before = { authorization: 'Bearer old' }
  expect(headersAfter({ value: 'Bearer new' }, before)).toEqual({ authorization: 'Bearer new' })
  expect(headersAfter({ value: 'Bearer new', overwrite: false }, before)).toEqual(before)
})

test('the key does not show when options are printed, nor in the error about a broken one', () => {
  expect(JSON.stringify(upstreamApiKeyOptions.parse({ value: 'hunter22' }))).not.toContain('hunter22')
  expect(JSON.stringify(upstreamApiKeyOptions.safeParse({ value: 'hunter22\n' }).error)).not.toContain('hunter22')
})

test('a key from an unset variable says so', () => {
  const { error } = upstreamApiKeyOptions.safeParse({ value: '' })
  expect(error?.issues[0]?.message).toMatch(/set that variable/)
  expect(upstreamApiKeyOptions.safeParse({ value: 'x', header: 'host' }).success).toBe(false)
})
