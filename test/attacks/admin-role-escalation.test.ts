import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminRole, type OperationDeclaration, adminRoles as ranks } from '../../src/admin/operation.ts'
import { operations } from '../../src/admin/operations/index.ts'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { adminRoles, describeAdminProject, startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

let gateway: TestGateway
const clients = {} as Record<AdminRole, AdminClient>

beforeAll(async () => {
  gateway = await startAdminGateway()
  for (const [role, name] of [
    ['viewer', 'vera'],
    ['editor', 'edda'],
    ['owner', 'olga'],
  ] as const)
    clients[role] = await signInByName(gateway.directory, name)
})
afterAll(() => gateway.close())

const pathOf = ({ path }: OperationDeclaration) => path.replaceAll(/\{\w+\}/g, 'nothing-of-this-name')
/** Whoever may use an operation is told what is wrong with an empty request; whoever may not is told nothing of it. */
const table = operations.flatMap((operation: OperationDeclaration) =>
  ranks
    .filter((role) => ranks.indexOf(role) < ranks.indexOf(operation.role))
    .map((role) => [role, operation.id, operation] as const),
)

describe('a lower role', () => {
  it('is refused by some operations', () => expect(table.length).toBeGreaterThan(10))

  it.each(table)('%s cannot use %s', async (role, _id, operation) => {
    const { status, json } = await clients[role].call(operation.method, pathOf(operation), {
      body: {},
      headers: { 'if-match': '"x"' },
    })
    expect([status, json.reason, json['role']]).toEqual([403, 'admin_role_required', operation.role])
  })

  it('leaves an event that names the person and the operation', async () => {
    const event = await gateway.waitForEvent(
      ({ type, subject, reason }) => type === 'admin_refused' && subject === 'vera' && reason === 'admin_role_required',
    )
    expect(event.detail).toContain('needs')
  })
})

it('every change needs more than the lowest role', () => {
  const reads = new Set(['endSession'])
  const changing = operations.filter(({ method, id }) => method !== 'GET' && !reads.has(id))
  expect(changing.filter(({ role }: OperationDeclaration) => role === 'viewer').map(({ id }) => id)).toEqual([])
})

it('another method of the same path does not go round the role', async () => {
  const { viewer } = clients
  for (const method of ['PUT', 'PATCH', 'POST']) {
    const { json } = await viewer.call(method, '/keys/x', { body: {} })
    expect(json.reason).toBe('method_not_allowed')
  }
  const overridden = await viewer.call('GET', '/keys/x?_method=DELETE', {
    headers: { 'x-http-method-override': 'DELETE' },
  })
  expect(overridden.status).toBe(405)
})

it('another spelling of a path is another path', async () => {
  for (const path of ['/Keys', '//keys', '/keys/', '/./keys', '/%6beys/../keys', '/session/..%2fkeys']) {
    const { status } = await clients.viewer.call('POST', path, { body: { consumer: 'x' } })
    expect([path, [403, 404, 405].includes(status)]).toEqual([path, true])
  }
})

it('a person who loses the role is out at the next request', async () => {
  const editor = await signInByName(gateway.directory, 'edda')
  expect((await editor.call('GET', '/session')).json).toMatchObject({ role: 'editor' })
  const demoted = { ...adminRoles, editor: { subjects: [] }, viewer: { subjects: ['vera', 'edda'] } }
  expect(await gateway.reload(describeAdminProject({}, { roles: demoted }))).toEqual({ ok: true })
  expect((await editor.call('GET', '/session')).json).toMatchObject({ role: 'viewer' })
  expect((await editor.call('POST', '/keys', { body: { consumer: 'x' } })).json.reason).toBe('admin_role_required')
  const removed = { ...adminRoles, editor: { subjects: [] } }
  await gateway.reload(describeAdminProject({}, { roles: removed }))
  expect((await editor.call('GET', '/session')).json.reason).toBe('admin_not_allowed')
  // Also when the role comes back: the session has ended.
  await gateway.reload(describeAdminProject())
  expect((await editor.call('GET', '/session')).json.reason).toBe('admin_sign_in_required')
})
