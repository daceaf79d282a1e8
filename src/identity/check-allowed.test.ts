import { expect, test } from 'vitest'
import { findDisallowed } from './check-allowed.ts'

const places = { roles: [], groups: [], tenant: ['tenant'] }
const allow = { tenants: ['acme'], hostedDomains: ['example.com'], emailDomains: ['example.com'] }
const good = { tenant: 'Acme', hd: 'example.com', email: 'ada@Example.com', email_verified: true }

test('whoever is in every list may sign in', () => {
  expect(findDisallowed(good, allow, places)).toBeUndefined()
  expect(findDisallowed({ ...good, tenant: ['other', 'acme'], email_verified: 'true' }, allow, places)).toBeUndefined()
  expect(findDisallowed({}, {}, places)).toBeUndefined()
})

test.each([
  ['no tenant', { tenant: undefined }],
  ['another tenant', { tenant: 'acme2' }],
  ['a tenant with an invisible character in its name', { tenant: 'ac\u200bme' }],
  ['a tenant with a space after its name', { tenant: 'acme ' }],
  ['a tenant in letters of another script', { tenant: 'аcme' }],
  ['a tenant below the place of the claim', { tenant: { name: { name: 'acme' } } }],
  ['no hosted domain', { hd: undefined }],
  ['a subdomain as hosted domain', { hd: 'sub.example.com' }],
  ['no address', { email: undefined }],
  ['an address that is not verified', { email_verified: false }],
  ['nothing said about verification', { email_verified: undefined }],
  ['verification by a number', { email_verified: 1 }],
  ['a subdomain', { email: 'ada@sub.example.com' }],
  ['a domain that only ends so', { email: 'ada@evil-example.com' }],
  ['a domain that only begins so', { email: 'ada@example.com.evil.example' }],
  ['two signs', { email: 'ada@example.com@evil.example' }],
  ['a quoted sign', { email: '"ada@evil.example"@example.com' }],
  ['a second address', { email: 'ada@evil.example,ada@example.com' }],
  ['a line break', { email: 'ada@example.com\n' }],
  ['a domain with an invisible character', { email: 'ada@exam\u00adple.com' }],
  ['several addresses', { email: ['ada@evil.example', 'ada@example.com'] }],
  ['one address in a list', { email: ['ada@example.com'] }],
])('allow-list bypass by %s', (_what, change) => {
  expect(findDisallowed({ ...good, ...change }, allow, places)).toMatch(/allow\.|verified/)
})
