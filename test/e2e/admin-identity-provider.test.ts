import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, adminOrigin, createAdminClient, readSessionCookie } from '../harness/admin-client.ts'
import { describeAdminProject, startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import { completeFederatedSignIn } from '../harness/federated-login.ts'
import { people } from '../harness/federated-server.ts'
import { idpClientSecret, startIdentityProvider, type TestIdentityProvider } from '../harness/identity-provider.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { signInAt } from '../harness/write-project.ts'

let idp: TestIdentityProvider
let gateway: TestGateway
let origin: string

const project = (roles: object, allow: object = {}) =>
  describeAdminProject({ policies: signInAt(idp.issuer, idpClientSecret, { allow }) }, { roles })

beforeAll(async () => {
  idp = await startIdentityProvider(people)
  gateway = await startAdminGateway({ policies: signInAt(idp.issuer, idpClientSecret) }, { roles: {} })
  origin = await adminOrigin(gateway.directory)
  await idp.configure({ redirectUri: `${gateway.publicUrl}/oauth/callback` })
})
afterAll(async () => {
  await gateway.close()
  await idp.stop()
})

/** Signs in through the provider; the reason where that ends. */
async function signIn(name: string): Promise<AdminClient | string> {
  const browser = openBrowser()
  const begun = await browser.get(`${origin}/api/admin/session/sign-in`)
  const { page } = await completeFederatedSignIn(begun.location ?? '', idp.issuer, { name, browser })
  const [, target] = /url=(.+)$/.exec(String(page?.headers['refresh'])) ?? []
  if (target === undefined) return /<code>(\w+)<\/code>/.exec(page?.text ?? '')?.[1] ?? 'no page'
  return createAdminClient(origin, readSessionCookie((await browser.get(target)).headers['set-cookie']))
}

async function roleOf(name: string): Promise<unknown> {
  const client = await signIn(name)
  return typeof client === 'string' ? client : (await client.call('GET', '/session')).json['role']
}

it.each([
  ['a group', { editor: { groups: ['engineering'] } }, 'editor'],
  ['a role', { viewer: { roles: ['reader'] } }, 'viewer'],
  ['a verified address', { owner: { emails: ['Ada@example.com'] } }, 'owner'],
  ['the highest of several', { viewer: { roles: ['reader'] }, editor: { groups: ['engineering'] } }, 'editor'],
  ['nothing', { editor: { groups: ['finance'] } }, 'admin_not_allowed'],
])('the provider says who somebody is: %s', async (_what, roles, expected) => {
  expect(await gateway.reload(project(roles))).toEqual({ ok: true })
  expect(await roleOf('ada')).toBe(expected)
})

it('an address that the provider did not verify is nobody', async () => {
  await gateway.reload(project({ owner: { emails: ['eve@example.com'] } }))
  expect(await roleOf('eve')).toBe('admin_not_allowed')
})

it('who leaves the group at the provider is out with the next sign-in anywhere', async () => {
  await gateway.reload(project({ editor: { groups: ['engineering'] } }))
  const client = (await signIn('ada')) as AdminClient
  expect((await client.call('GET', '/session')).json).toMatchObject({
    role: 'editor',
    name: 'Ada Lovelace (ada@example.com)',
  })
  await idp.configure({ people: { ...people, ada: { ...people['ada'], groups: [] } } })
  expect(await roleOf('ada')).toBe('admin_not_allowed')
  expect((await client.call('GET', '/session')).json.reason).toBe('admin_not_allowed')
  await idp.configure({ people })
})

it('who may not sign in to the gateway any more is out of the console at once', async () => {
  const roles = { editor: { groups: ['engineering'] } }
  await gateway.reload(project(roles))
  const client = (await signIn('ada')) as AdminClient
  expect((await client.call('GET', '/session')).status).toBe(200)
  await gateway.reload(project(roles, { emailDomains: ['other.example'] }))
  expect((await client.call('GET', '/session')).json.reason).toBe('admin_not_allowed')
})
