import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AdminClient,
  adminOrigin,
  createAdminClient,
  signInByLink,
  signInByName,
} from '../harness/admin-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

let gateway: TestGateway
let owner: AdminClient

const roles = { viewer: { subjects: ['vera'] }, editor: { subjects: ['edda'] }, owner: { subjects: ['olga'] } }

beforeAll(async () => {
  gateway = await startTestGateway({
    settings: { admin: { listen: { port: 0 }, roles } },
    servers: { tracker: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] } },
    policies: signIn(),
  })
  owner = await signInByLink(gateway.directory)
})
afterAll(() => gateway.close())

describe('signing in', () => {
  it('by a one-time link makes an owner', async () => {
    const { status, json } = await owner.call('GET', '/session')
    expect(status).toBe(200)
    expect(json).toMatchObject({ subject: 'operator:tester', role: 'owner', signedInBy: 'local-link' })
  })

  it.each([
    ['vera', 'viewer'],
    ['edda', 'editor'],
    ['olga', 'owner'],
  ])('by the identity provider makes %s a %s', async (name, role) => {
    const client = await signInByName(gateway.directory, name)
    expect((await client.call('GET', '/session')).json).toMatchObject({
      subject: name,
      role,
      signedInBy: 'identity-provider',
    })
    await gateway.waitForEvent((event) => event.type === 'admin_signed_in' && event.subject === name)
  })

  it('is refused to whoever has no role', async () => {
    await expect(signInByName(gateway.directory, 'mallory')).rejects.toThrow('admin_not_allowed')
    await gateway.waitForEvent((event) => event.type === 'admin_sign_in_failed' && event.subject === 'mallory')
  })

  it('ends with the session', async () => {
    const client = await signInByName(gateway.directory, 'vera')
    expect((await client.call('DELETE', '/session')).status).toBe(204)
    expect((await client.call('GET', '/session')).json.reason).toBe('admin_sign_in_required')
  })
})

it('shows nothing to nobody', async () => {
  const nobody = createAdminClient(await adminOrigin(gateway.directory))
  expect((await nobody.call('GET', '/keys')).json.reason).toBe('admin_sign_in_required')
})

it('makes, lists and revokes keys', async () => {
  const made = await owner.call('POST', '/keys', { body: { consumer: 'nightly job' } })
  expect(made.status).toBe(201)
  const { id } = made.json as { id: string }
  const listed = await owner.call('GET', '/keys?consumer=nightly%20job')
  expect(listed.json).toMatchObject({ items: [{ id, state: 'live' }], nextCursor: null })
  expect((await owner.call('DELETE', `/keys/${id}`)).status).toBe(204)
  expect((await owner.call('GET', '/keys?state=revoked')).json).toMatchObject({ items: [{ id }] })
})
