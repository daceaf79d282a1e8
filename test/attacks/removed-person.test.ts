import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildAuthorization, redeemCode, refresh, registerClient } from '../harness/authorization-server.ts'
import { mustSignIn } from '../harness/federated-login.ts'
import { type FederatedServer, startFederatedServer } from '../harness/federated-server.ts'

// Somebody who left the company goes on with the access token they have.
let federated: FederatedServer
beforeAll(async () => {
  federated = await startFederatedServer()
})
afterAll(() => federated.close())
beforeEach(() => configure({ allow: {} }))

/** As a reload does: the options change, and everything remembered is forgotten. */
function configure(changes: Parameters<FederatedServer['configure']>[0]): void {
  federated.configure(changes)
  federated.running.server.verifier.forgetAll()
}

async function obtain(name: string) {
  const { running, idp } = federated
  const clientId = String((await registerClient(running.url)).body['client_id'])
  const asked = buildAuthorization(running.url, clientId)
  const { body } = await redeemCode(running.url, asked, await mustSignIn(asked.url, idp.issuer, { name }))
  const token = String(body['access_token'])
  const verify = async () => federated.running.server.verifier.verify(token)
  return { clientId, verify, refreshToken: body['refresh_token'] }
}

test.each([
  ['the domain of their address', { emailDomains: ['other.example'] }],
  ['their tenant', { tenants: ['tenant-2'] }],
])('removed from an allow-list (%s): the access token ends with the reload', async (_what, allow) => {
  const { clientId, verify, refreshToken } = await obtain('ada')
  expect(await verify()).toMatchObject({ subject: { data: { roles: ['admin', 'reader'] } } })
  configure({ allow })
  expect(await verify()).toBe('token_revoked')
  expect((await refresh(federated.running.url, clientId, refreshToken)).body['error']).toBe('invalid_grant')
})

test('removed by mistake: the access token is good again when the list is', async () => {
  const { verify } = await obtain('ada')
  configure({ allow: { emailDomains: ['other.example'] } })
  expect(await verify()).toBe('token_revoked')
  configure({ allow: { emailDomains: ['example.com'] } })
  expect(await verify()).toBeTypeOf('object')
})

test('the identity provider was replaced: tokens of its people end', async () => {
  const { verify } = await obtain('ada')
  const { issuer } = federated.idp
  configure({ issuer: 'https://login.example.com' })
  expect(await verify()).toBe('token_revoked')
  configure({ issuer })
  expect(await verify()).toBeTypeOf('object')
})

test('a time after which people sign in again ends no access token before its own', async () => {
  const { verify } = await obtain('ada')
  configure({ signInAgainAfterSeconds: 0.001 })
  expect(await verify()).toBeTypeOf('object')
  configure({ signInAgainAfterSeconds: undefined })
})

test('a person of an identity provider is nobody at dev login', async () => {
  const { verify } = await obtain('ada')
  federated.running.settings.devLogin = true
  configure({})
  expect(await verify()).toBe('token_revoked')
  federated.running.settings.devLogin = false
  configure({})
  expect(await verify()).toBeTypeOf('object')
})
