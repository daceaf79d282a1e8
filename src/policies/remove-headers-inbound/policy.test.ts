import { expect, test } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost } from '../../contracts/policy.ts'
import { UpstreamHeaderMap } from '../../http/exchange.ts'
import { removeHeadersOptions } from './options.ts'
import { removeHeadersInbound } from './policy.ts'

test('keeps the named headers back, in any spelling, and leaves the others', () => {
  const upstreamHeaders = new UpstreamHeaderMap()
  for (const name of ['x-internal', 'user-agent', 'x-other']) upstreamHeaders.set(name, 'value')
  const options = removeHeadersOptions.parse({ headers: ['X-Internal', 'user-agent', 'x-absent'] })
  const policy = removeHeadersInbound.create(options, {} as PolicyHost)
  expect(policy.onRequest?.({ upstreamHeaders } as unknown as Exchange)).toBeUndefined()
  expect([...upstreamHeaders.entries()]).toEqual([['x-other', 'value']])
})

test.each([{}, { headers: [] }, { headers: ['content-length'] }, { headers: [{ name: 'x' }] }])(
  'refuses %j',
  (options) => {
    expect(removeHeadersOptions.safeParse(options).success).toBe(false)
  },
)
