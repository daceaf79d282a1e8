import { expect, test } from 'vitest'
import { readBearerToken } from './read-bearer-token.ts'

test.each([
  [{}, '', undefined],
  [{ authorization: 'Bearer abc' }, '', { token: 'abc' }],
  [{ authorization: 'bearer   abc ' }, '?x=1', { token: 'abc' }],
  [{ authorization: 'Basic abc' }, '', 'token_misplaced'],
  [{ authorization: 'Bearer' }, '', 'token_misplaced'],
  [{ authorization: 'Bearer a b' }, '', 'token_misplaced'],
  [{ authorization: 'Bearer a,Bearer b' }, '', 'token_misplaced'],
  [{}, '?access_token=a', 'token_misplaced'],
  [{}, '?b=1&%61ccess_token=a', 'token_misplaced'],
  [{ authorization: 'Bearer abc' }, '?access_token', 'token_misplaced'],
  [{ authorization: 'Bearer sp_at_abc' }, '?token=sp_at_abc', 'token_misplaced'],
  [{ authorization: 'Bearer sp_at_abc' }, '?a=1&b=Bearer+sp%5Fat_abc', 'token_misplaced'],
  [{ authorization: 'Bearer sp_at_abc' }, '?sp_rt_abc', 'token_misplaced'],
])('%j %s', (headers, search, expected) => {
  expect(readBearerToken(headers, search)).toEqual(expected)
})

test('a hostile header costs linear time', () => {
  const started = performance.now()
  readBearerToken({ authorization: `Bearer ${' '.repeat(200_000)}x${' '.repeat(200_000)}y` }, '')
  expect(performance.now() - started).toBeLessThan(200)
})
