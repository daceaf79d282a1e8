import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

// An editor may put a mask elsewhere, and the secret comes back there: it must not be a place where it is shown.
let gateway: TestGateway
let editor: AdminClient
const secret = 'upstream-key-0123456789'
const file = 'config/policies.json'

beforeAll(async () => {
  const key = {
    displayName: 'Tracker',
    authMode: 'shared-api-key',
    apiKey: { header: 'x-key', scheme: '', value: secret },
  }
  gateway = await startAdminGateway({
    servers: { tracker: { upstream: 'https://up.example/mcp', inbound: ['sign-in', 'key'] } },
    policies: { ...signIn(), key: ['mcp-token-exchange-inbound', key] },
  })
  editor = await signInByName(gateway.directory, 'edda')
})
afterAll(() => gateway.close())

it.each([
  ['by what its place is', () => [{ kind: 'set', file, path: ['policies', 1, 'policyType'], value: 'no-such-policy' }]],
  [
    'as a value',
    () => [{ kind: 'set', file, path: ['policies', 1, 'handler', 'options', 'displayName'], value: '[secret 1]' }],
  ],
  [
    'deep in a value',
    () => [
      {
        kind: 'insert',
        file,
        path: ['policies'],
        value: { name: '[secret 1]', policyType: 'x', handler: { module: 'm', export: 'e' } },
      },
    ],
  ],
  [
    'in a whole text',
    async () => {
      const { json } = await editor.call('GET', `/config/file?file=${file}`)
      const text = String(json['text']).replace('"Tracker"', '"[secret 1]"')
      return [{ kind: 'write', file, base: json['version'], text }]
    },
  ],
] as const)('a secret that is moved %s is refused', async (_how, edits) => {
  const body = { edits: await edits() }
  const before = await readFile(join(gateway.directory, file), 'utf8')
  for (const path of ['/config/diff', '/config/validate', '/config/apply']) {
    const { version } = (await editor.call('GET', '/config/files')).json
    const { status, json, text } = await editor.call('POST', path, { body, headers: { 'if-match': String(version) } })
    expect([status, json.reason]).toEqual([422, 'config_edit_refused'])
    expect(text).not.toContain(secret)
  }
  expect(await readFile(join(gateway.directory, file), 'utf8')).toBe(before)
})

it('the same text with the mask in its place is taken', async () => {
  const { json } = await editor.call('GET', `/config/file?file=${file}`)
  expect(String(json['text'])).toContain('"value": "[secret 1]"')
  const text = String(json['text']).replace('"Tracker"', '"Issues"')
  const body = { edits: [{ kind: 'write', file, base: json['version'], text }] }
  const { version } = (await editor.call('GET', '/config/files')).json
  const applied = await editor.call('POST', '/config/apply', { body, headers: { 'if-match': String(version) } })
  expect(applied.status, applied.text).toBe(200)
  const written = await readFile(join(gateway.directory, file), 'utf8')
  expect(written).toContain(secret)
  expect(written).toContain('"Issues"')
})
