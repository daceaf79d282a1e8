import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AdminClient, signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import type { TestGateway } from '../harness/start-gateway.ts'

// People comment a key out and write the new one below. Whoever may look at the configuration must not read the old one.
let gateway: TestGateway
let viewer: AdminClient
let editor: AdminClient
const file = 'config/policies.json'
const secrets = ['sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'correct horse battery', 'swordfish']
const [old, commented, password] = secrets

beforeAll(async () => {
  gateway = await startAdminGateway()
  const path = join(gateway.directory, file)
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    `// old key ${old}\n${text.replace('{', `{ // "clientSecret": "${commented}",\n /* password: ${password} */`)}\n`,
  )
  viewer = await signInByName(gateway.directory, 'vera')
  editor = await signInByName(gateway.directory, 'edda')
})
afterAll(() => gateway.close())

async function apply(edits: readonly object[]) {
  const { version } = (await editor.call('GET', '/config/files')).json
  return editor.call('POST', '/config/apply', { body: { edits }, headers: { 'if-match': String(version) } })
}

it('nobody reads it in the file, and it stays when the file is edited', async () => {
  for (const client of [viewer, editor]) {
    const { text, json } = await client.call('GET', `/config/file?file=${file}`)
    for (const secret of secrets) expect(text).not.toContain(secret)
    expect(json['secrets']).toBe(3)
  }
  const before = await readFile(join(gateway.directory, file), 'utf8')
  const { json } = await editor.call('GET', `/config/file?file=${file}`)
  const text = `${String(json['text'])}// edited\n`
  const applied = await apply([{ kind: 'write', file, base: json['version'], text }])
  expect(applied.status, applied.text).toBe(200)
  expect(await readFile(join(gateway.directory, file), 'utf8')).toBe(`${before}// edited\n`)
})

it('nobody reads it in a diff, in the history or in the audit trail, also when the comment goes', async () => {
  const { json } = await editor.call('GET', `/config/file?file=${file}`)
  const text = String(json['text']).replace('// old key [secret 1]\n', '').replace('// [secret 1]\n', '')
  const edits = [{ kind: 'write', file, base: json['version'], text }]
  const diff = await editor.call('POST', '/config/diff', { body: { edits } })
  expect(diff.text).toContain('-// [secret 1]')
  expect((await apply(edits)).status).toBe(200)
  const { items } = (await viewer.call('GET', '/config/history')).json as unknown as { items: { id: string }[] }
  const seen = await Promise.all(items.map(({ id }) => viewer.call('GET', `/config/history/${id}`)))
  expect(seen.length).toBeGreaterThan(1)
  const audit = await viewer.call('GET', '/audit')
  expect(audit.text).toContain('applyConfig')
  for (const shown of [diff, audit, ...seen]) for (const secret of secrets) expect(shown.text).not.toContain(secret)
})
