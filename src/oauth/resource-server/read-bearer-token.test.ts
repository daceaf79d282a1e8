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
])('%j %s', (headers, search, expected) => {
  expect(readBearerToken(headers, search)).toEqual(expected)
})

test('a hostile header costs linear time', () => {
  const started = performance.now()
  readBearerToken({ authorization: `Bearer ${' '.repeat(200_000)}x${' '.repeat(200_000)}y` }, '')
  expect(performance.now() - started).toBeLessThan(200)
})
