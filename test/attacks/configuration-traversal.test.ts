import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

let gateway: TestGateway
let editor: AdminClient
const secret = 'a-value-of-the-environment'

beforeAll(async () => {
  gateway = await startAdminGateway()
  await writeFile(join(gateway.directory, '.env'), `KEY=${secret}\n`)
  editor = await signInByName(gateway.directory, 'edda')
})
afterAll(() => gateway.close())

const names = [
  '.env',
  'data/vault.keys',
  'data/sallyport.db',
  '../sallyport.jsonc',
  '/etc/passwd',
  'config/../.env',
  'config/..%2f.env',
  'config/../../x.oas.json',
  './sallyport.jsonc',
  'config\\..\\.env',
  'config/policies.json\0.oas.json',
  '.sallyport-edit.json',
  'config/catalog/x.json',
  'package.json',
]

describe.each(names)('%s', (file) => {
  it('is not shown', async () => {
    const { status, text } = await editor.call('GET', `/config/file?file=${encodeURIComponent(file)}`)
    expect(status).toBe(404)
    expect(text).not.toContain(secret)
  })

  it.each(['write', 'set', 'delete'])('is not changed: %s', async (kind) => {
    const before = await listFiles()
    const version = (await editor.call('GET', '/config/files')).json['version'] as string
    const parts = { write: { base: null, text: '{}' }, set: { path: ['x'], value: 1 }, delete: {} }[kind]
    const edits = [{ kind, file, ...parts }]
    const { status } = await editor.call('POST', '/config/apply', { body: { edits }, headers: { 'if-match': version } })
    expect([400, 412, 422]).toContain(status)
    const plan = await editor.call('POST', '/config/diff', { body: { edits } })
    expect([400, 412, 422]).toContain(plan.status)
    expect(plan.text).not.toContain(secret)
    expect(await listFiles()).toEqual(before)
  })
})

it('the journal of an edit that somebody could forge leads nowhere else', async () => {
  const outside = join(dirname(gateway.directory), `outside-${process.pid}`)
  const files = [{ file: `../outside-${process.pid}`, before: null, after: 'x', temporary: '.x.tmp' }]
  await writeFile(join(gateway.directory, '.sallyport-edit.json'), JSON.stringify({ files }))
  await writeFile(join(gateway.directory, 'config/.x.tmp'), 'x')
  const version = (await editor.call('GET', '/config/files')).json['version'] as string
  const edits = [{ kind: 'set', file: 'config/routes.oas.json', path: ['info', 'title'], value: 'T' }]
  await editor.call('POST', '/config/apply', { body: { edits }, headers: { 'if-match': version } })
  expect(await readdir(dirname(gateway.directory))).not.toContain(outside)
})

async function listFiles(): Promise<readonly string[]> {
  const found = await readdir(gateway.directory, { recursive: true })
  return found.filter((name) => !name.startsWith('data/')).toSorted()
}
