import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges } from './parse-challenges.ts'

function read(header: string) {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])
}

test.each([
  ['Bearer', [['bearer', {}]]],
  ['Bearer realm="x"', [['bearer', { realm: 'x' }]]],
  [
    'bearer error="insufficient_scope" , scope="a b",  resource_metadata="https://x.example/a,b?c=\\"d\\""',
    [['bearer', { error: 'insufficient_scope', scope: 'a b', resource_metadata: 'https://x.example/a,b?c="d"' }]],
  ],
  ['Bearer error=invalid_token, Error="other"', [['bearer', { error: 'invalid_token' }]]],
  [
    'Basic realm="a, Bearer x=y", DPoP algs="ES256", Bearer scope="s"',
    [
      ['basic', { realm: 'a, Bearer x=y' }],
      ['dpop', { algs: 'ES256' }],
      ['bearer', { scope: 's' }],
    ],
  ],
  [
    'Negotiate aGk/Kw==, Bearer realm=r',
    [
      ['negotiate', {}],
      ['bearer', { realm: 'r' }],
    ],
  ],
  [
    'Negotiate, Bearer',
    [
      ['negotiate', {}],
      ['bearer', {}],
    ],
  ],
  ['', []],
  ['Bearer scope="never ends', [['bearer', {}]]],
])('%s', (header, expected) => {
  expect(read(header)).toEqual(expected)
})

test('any text ends, and any quoted value comes back', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary-ascii' }), (noise, value) => {
      parseChallenges(noise)
      const printable = value.replace(/[^\x20-\x7e]/g, '')
      const header = `Bearer a="${printable.replace(/[\\"]/g, '\\$&')}", b=c`
      expect(read(header)).toEqual([['bearer', { a: printable, b: 'c' }]])
    }),
  )
})
