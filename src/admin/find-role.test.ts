import { expect, it } from 'vitest'
import { adminSettings } from '../config/settings/admin.ts'
import type { Person } from '../contracts/identity-provider.ts'
import { findRole } from './find-role.ts'

const { roles } = adminSettings.parse({
  roles: {
    viewer: { groups: ['staff'] },
    editor: { emails: ['Edda@Example.com'], roles: ['platform'] },
    owner: { subjects: ['idp.example|1'] },
  },
})

function person(changes: Partial<Person>): Person {
  return {
    subject: 'idp.example|2',
    provider: 'https://idp.example',
    displayName: undefined,
    email: undefined,
    roles: [],
    groups: [],
    tenant: undefined,
    admission: { tenants: [], hostedDomains: [], emailDomain: undefined, emailVerified: false },
    ...changes,
  }
}

const edda = { email: 'edda@example.com', admission: person({}).admission }
const verified = { ...edda, admission: { ...edda.admission, emailDomain: 'example.com', emailVerified: true } }

it.each([
  ['nobody in particular', person({}), undefined],
  ['a group', person({ groups: ['staff'] }), 'viewer'],
  ['a role', person({ roles: ['platform'] }), 'editor'],
  ['the highest of several', person({ groups: ['staff'], roles: ['platform'] }), 'editor'],
  ['a verified address, however it is written', person(verified), 'editor'],
  ['an address that nobody verified', person(edda), undefined],
  [
    'a user name that looks like an address',
    person({ ...edda, admission: { ...edda.admission, emailVerified: true } }),
    undefined,
  ],
  ['a group that differs in case', person({ groups: ['Staff'] }), undefined],
  ['a role named like a group', person({ roles: ['staff'] }), undefined],
])('%s', (_what, who, role) => {
  expect(findRole(who.subject, who, roles)).toBe(role)
})

it('a subject is enough', () => {
  expect(findRole('idp.example|1', undefined, roles)).toBe('owner')
  expect(findRole('idp.example|10', undefined, roles)).toBeUndefined()
})
