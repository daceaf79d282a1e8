import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// An editor writes the files of the project, and they say who is an owner.
let gateway: TestGateway
let editor: AdminClient
let owner: AdminClient

beforeAll(async () => {
  process.env['SALLYPORT_VAULT_KEYS'] = `k1:${Buffer.alloc(32, 1).toString('base64')}`
  gateway = await startAdminGateway()
  editor = await signInByName(gateway.directory, 'edda')
  owner = await signInByName(gateway.directory, 'olga')
})
afterAll(() => {
  delete process.env['SALLYPORT_VAULT_KEYS']
  return gateway.close()
})

const settings = 'sallyport.jsonc'
const route = ['paths', '/mcp/tracker', 'get,post', 'x-gateway-route']
const set = (file: string, path: readonly (string | number)[], value: unknown) => ({ kind: 'set', file, path, value })
const program = { module: '$import(sallyport)', export: 'McpStdioHandler', options: { command: 'cat' } }

const escalations = [
  ['gives themselves a role', set(settings, ['admin', 'roles', 'owner', 'subjects'], ['edda']), 'admin'],
  ['makes sessions last', set(settings, ['admin', 'sessionSeconds'], 10_000_000), 'admin'],
  ['opens the gateway to another name', set(settings, ['allowedHosts'], ['evil.example']), 'allowedHosts'],
  [
    'makes a client that calls on its own behalf',
    set(settings, ['clients'], [{ id: 'x', name: 'x', secret: 's'.repeat(20), servers: ['*'] }]),
    'clients',
  ],
  [
    'changes how people sign in',
    set('config/policies.json', ['policies', 0, 'handler', 'options', 'gateway', 'accessTokenTtlSeconds'], 3000),
    'sign-in',
  ],
  [
    'sends the vault keys to an upstream',
    set(
      'config/routes.oas.json',
      [...route, 'handler', 'options', 'rewritePattern'],
      'https://x/$env(SALLYPORT_VAULT_KEYS)',
    ),
    'variables of the gateway itself',
  ],
  ...[
    ['a tab', '$env(\tSALLYPORT_VAULT_KEYS)'],
    ['a line break', '${\nenv.SALLYPORT_VAULT_KEYS}'],
    ['a blank', '${env. SALLYPORT_VAULT_KEYS}'],
  ].map(
    ([space, variable]) =>
      [
        `hides the vault keys behind ${space}`,
        set('config/routes.oas.json', [...route, 'handler', 'options', 'rewritePattern'], `https://x/${variable}`),
        'variables of the gateway itself',
      ] as const,
  ),
  ['starts a program', set('config/routes.oas.json', [...route, 'handler'], program), 'programs'],
] as const

/** It says that it is the company's provider, with keys of the editor's own. */
const issuer = {
  name: 'own-issuer',
  policyType: 'open-id-jwt-auth-inbound',
  handler: {
    module: '$import(sallyport)',
    export: 'OpenIdJwtInboundPolicy',
    options: { issuer: 'https://idp.example', audience: 'x', jwkUrl: 'https://evil.example/jwks' },
  },
}

async function apply(client: AdminClient, ...edits: object[]) {
  const { headers } = await client.call('GET', '/config/files')
  return client.call('POST', '/config/apply', { body: { edits }, headers: { 'if-match': String(headers['etag']) } })
}
const readFiles = async () =>
  Promise.all(
    [settings, 'config/policies.json', 'config/routes.oas.json'].map((file) =>
      readFile(join(gateway.directory, file), 'utf8'),
    ),
  )

describe('an editor', () => {
  it.each(escalations)('who %s is refused', async (_what, edit, change) => {
    const before = await readFiles()
    const { status, json } = await apply(editor, edit)
    expect([status, json.reason, json['role']]).toEqual([403, 'admin_role_required', 'owner'])
    expect(JSON.stringify(json['changes'])).toContain(change)
    expect(await readFiles()).toEqual(before)
  })

  it('who makes an issuer of their own speak for everybody is refused', async () => {
    const { status, json } = await apply(
      editor,
      { kind: 'insert', file: 'config/policies.json', path: ['policies'], value: issuer },
      set('config/routes.oas.json', [...route, 'policies', 'inbound'], ['own-issuer']),
    )
    expect([status, json.reason]).toEqual([403, 'admin_role_required'])
    expect(json['changes']).toContain('whose tokens are believed')
  })

  it('changes what is an editor’s', async () => {
    const title = set('config/routes.oas.json', ['paths', '/mcp/tracker', 'get,post', 'summary'], 'Edited')
    expect((await apply(editor, title)).status).toBe(200)
    expect((await owner.call('GET', '/virtual-servers/tracker')).json).toMatchObject({ title: 'Edited' })
  })

  it('cannot bring an escalation back by going back in the history', async () => {
    const raised = set(settings, ['admin', 'roles', 'owner', 'subjects'], ['olga', 'edda'])
    expect((await apply(owner, raised)).status).toBe(200)
    const lowered = await apply(owner, set(settings, ['admin', 'roles', 'owner', 'subjects'], ['olga']))
    const { headers } = await editor.call('GET', '/config/files')
    const { status, json } = await editor.call('POST', `/config/history/${String(lowered.json['changeId'])}/rollback`, {
      body: {},
      headers: { 'if-match': String(headers['etag']) },
    })
    expect([status, json.reason]).toEqual([403, 'admin_role_required'])
    expect((await editor.call('GET', '/session')).json).toMatchObject({ role: 'editor' })
  })
})

it('an owner may', async () => {
  expect((await apply(owner, set(settings, ['admin', 'sessionSeconds'], 3600))).status).toBe(200)
})

it('an edit needs the version that was read', async () => {
  const edits = [set(settings, ['admin', 'sessionSeconds'], 7200)]
  expect((await owner.call('POST', '/config/apply', { body: { edits } })).json.reason).toBe('admin_version_required')
  const stale = await owner.call('POST', '/config/apply', { body: { edits }, headers: { 'if-match': '"stale"' } })
  expect([stale.status, stale.json.reason]).toEqual([412, 'admin_version_changed'])
})
