import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readChallenge, readScopes } from './read-challenge.ts'

test.each([
  ['Bearer', { resourceMetadata: undefined, scopes: [], error: undefined }],
  [
    'Bearer error="insufficient_scope", scope="a b a", resource_metadata="https://up.example/x?a,b"',
    { resourceMetadata: 'https://up.example/x?a,b', scopes: ['a', 'b'], error: 'insufficient_scope' },
  ],
  [
    'Basic realm="x, Bearer resource_metadata=y", Bearer scope=s, DPoP algs="ES256", resource_metadata="https://up.example/"',
    { resourceMetadata: 'https://up.example/', scopes: [], error: undefined },
  ],
  ['Negotiate abc=, Bearer scope="one"', { resourceMetadata: undefined, scopes: ['one'], error: undefined }],
])('%s', (header, expected) => {
  expect(readChallenge(header)).toEqual(expected)
})

test.each(['Basic realm="x"', 'Basic resource_metadata="https://up.example/"', '', null, undefined])(
  'no token is wanted by %s',
  (header) => {
    expect(readChallenge(header)).toBeUndefined()
  },
)

test('what metadata is named comes back as it was written, whatever stands around it', () => {
  const text = fc.string({ unit: 'grapheme-ascii' })
  const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`
  const before = text.map((realm) => `Basic realm=${quote(realm)}, `)
  fc.assert(
    fc.property(before, text, text, (first, url, realm) => {
      const header = `${first}Bearer realm=${quote(realm)}, resource_metadata=${quote(url)}`
      expect(readChallenge(header)?.resourceMetadata).toBe(url)
    }),
  )
})

test('no header makes it fail, and its scopes are always scopes', () => {
  fc.assert(
    fc.property(fc.string(), (noise) => {
      for (const scope of readChallenge(`Bearer scope="${noise}`)?.scopes ?? []) expect(scope).toMatch(/^[\x21-\x7e]+$/)
    }),
  )
})

test.each([
  [['a', 1, null, 'b c', 'd"', 'a'], ['a']],
  ['  a\tb  ', ['a', 'b']],
  [undefined, []],
  [{ a: 1 }, []],
])('scopes of %j', (value, scopes) => {
  expect(readScopes(value)).toEqual(scopes)
})
