import { expect, test } from 'vitest'
import { findClaim, readNames, readPerson } from './read-claims.ts'

const iss = 'https://idp.example'
const rules = { issuer: iss, subjectClaims: ['sub'], claims: { roles: ['roles'], groups: ['groups'], tenant: [] } }
test.each([
  ['https://idp.example', 'idp.example|ada'],
  ['https://idp.example/', 'idp.example|ada'],
  ['https://idp.example/realms/a/', 'idp.example/realms/a|ada'],
  ['http://127.0.0.1:9000', '127.0.0.1:9000|ada'],
])('a subject of %s is %s', (issuer, subject) => {
  expect(readPerson({ iss: issuer, sub: 'ada' }, rules)?.subject).toBe(subject)
})

test.each([
  ['nobody', { iss }],
  ['an empty sub', { iss, sub: '' }],
  ['a number', { iss, sub: 7 }],
  ['a line break', { iss, sub: 'a\nb' }],
  ['a space', { iss, sub: 'a b' }],
  ['256 characters', { iss, sub: 'a'.repeat(256) }],
  ['no issuer', { sub: 'ada' }],
])('%s is no person', (_what, claims) => {
  expect(readPerson(claims, rules)).toBeUndefined()
})

test('two claims never join to the same text as two others', () => {
  const both = { ...rules, subjectClaims: ['tid', 'oid'] }
  expect(readPerson({ iss, tid: 'a', oid: 'b' }, both)?.subject).toBe('idp.example|a.b')
  expect(readPerson({ iss, tid: 'a.b', oid: 'c' }, both)).toBeUndefined()
  expect(readPerson({ iss, tid: 'a', oid: 'b.c' }, both)).toBeUndefined()
})

test.each([
  ['a', ['a']],
  [
    ['a', 'b', 'a'],
    ['a', 'b'],
  ],
  [
    [{ name: 'a' }, { id: 'b' }, {}, 7, null, ''],
    ['a', 'b'],
  ],
  [{ admin: { '1': 'acme' }, reader: {} }, ['admin', 'reader']],
  [
    ['a\u202eb', ' c '],
    ['ab', 'c'],
  ],
  [undefined, []],
  [7, []],
  [true, []],
])('%j reads as %j', (claim, names) => {
  expect(readNames(claim)).toEqual(names)
})

test('there are not more names than anybody needs', () => {
  expect(readNames(Array.from({ length: 2000 }, (_, index) => `g${index}`))).toHaveLength(500)
})

test.each([
  ['roles', 1],
  ['a.b', 2],
  ['https://x.example/roles', 3],
  ['*/roles', 3],
  ['a.none', undefined],
  ['none', undefined],
  ['toString', undefined],
  ['a.constructor', undefined],
])('the claim %s', (place, value) => {
  expect(findClaim({ roles: 1, a: { b: 2 }, 'https://x.example/roles': 3 }, [place])).toBe(value)
})

test('the first place that has a value counts', () => {
  expect(findClaim({ a: null, b: 2 }, ['none', 'a', 'b'])).toBe(2)
})
