import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JwtIssuer, startJwtIssuer } from '../../test/harness/jwt-issuer.ts'
import type { TrustedAssertionIssuer } from '../contracts/identity-assertion.ts'
import { createAssertionVerifier } from './verify-identity-assertion.ts'

let issuer: JwtIssuer
beforeAll(async () => {
  issuer = await startJwtIssuer()
})
afterAll(() => issuer.close())

const signIn = { allow: {}, claims: { roles: [], groups: [], tenant: ['org'] }, tenants: { map: { Org_1: 'acme' } } }

async function verify(trusted: Partial<TrustedAssertionIssuer>, claims: object) {
  const all = { issuer: issuer.url, subjectMapping: 'iss_prefix' as const, ...trusted }
  const audience = 'https://gateway.example'
  const named = { aud: audience, client_id: 'editor', resource: `${audience}/mcp/x`, jti: randomUUID() }
  const assertion = await issuer.sign({ ...named, ...claims }, { typ: 'oauth-id-jag+jwt' })
  return createAssertionVerifier([all], audience, Date.now)(assertion)
}

test.each([
  ['nobody names it', {}, {}, undefined],
  ['the operator names it', { tenant: 'acme' }, {}, 'acme'],
  ['a claim names it', { signIn }, { org: 'Org_1' }, 'acme'],
  ['both name the same', { signIn, tenant: 'acme' }, { org: 'Org_1' }, 'acme'],
])('the tenant of an assertion where %s', async (_what, trusted, claims, tenant) => {
  expect(await verify(trusted, claims)).toMatchObject({ clientId: 'editor', tenant })
})

test.each([
  ['without the claim', { signIn }, {}, 'does not name one tenant'],
  ['of another organisation', { signIn }, { org: 'Org_2' }, 'does not name one tenant'],
  ['of another tenant than the operator says', { signIn, tenant: 'globex' }, { org: 'Org_1' }, 'is of another tenant'],
])('an assertion %s is refused', async (_what, trusted, claims, why) => {
  expect(await verify(trusted, claims)).toEqual({ refusal: expect.stringContaining(why) })
})
