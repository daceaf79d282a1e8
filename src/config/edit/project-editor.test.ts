import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compileProject } from '../compile-project.ts'
import { loadProject } from '../load-project.ts'
import type { Problem, Project } from '../project.ts'
import type { ConfigHistory } from './config-history.ts'
import { createProjectEditor, type ProjectEditor } from './project-editor.ts'

type Reload = { readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] }

const types = { policyTypes: [], handlerTypes: [] }
const routes = '\uFEFF{ "openapi": "3.1.0", "info": { "title": "R", "version": "1" }, "paths": {} }\r\n'
const title = (value: string) =>
  [{ kind: 'set', file: 'config/routes.oas.json', path: ['info', 'title'], value }] as const
const change = { actor: 'ada', origin: 'console' } as const

let directory: string
let editor: ProjectEditor
let noted: (string | undefined)[]
let reload: () => Promise<Reload>
const read = () => readFile(join(directory, 'config/routes.oas.json'), 'utf8')

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-editor-'))
  await mkdir(join(directory, 'config'))
  await writeFile(join(directory, 'sallyport.jsonc'), '{ "version": 1 }')
  await writeFile(join(directory, 'config/routes.oas.json'), routes)
  await writeFile(join(directory, 'config/policies.json'), '{ "policies": [] }')
  const project = await compile()
  noted = []
  reload = async () => ({ ok: true })
  const note: ConfigHistory['note'] = async ({ actor }) => noted.push(actor)
  const history: ConfigHistory = { note, alone: (run) => run(note), open: async () => new Map() }
  editor = createProjectEditor({ directory, project: () => project, types, reload: () => reload(), history })
})
afterEach(() => rm(directory, { recursive: true }))

async function compile(): Promise<Project> {
  const result = compileProject(await loadProject(directory, {}), { ...types, mode: 'dev' })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.project
}

describe('an edit', () => {
  it('is written before the reload, under the name of whoever made it, with its byte order mark', async () => {
    let seen = ''
    reload = async () => {
      seen = await read()
      // Others load the files now: they must not take the change for one from outside.
      expect(noted).toEqual([undefined, 'ada'])
      return { ok: true }
    }
    const { version } = await editor.read()
    const applied = await editor.apply(title('New'), { ...change, expected: version })
    expect(seen).toBe(routes.replace('"R"', '"New"'))
    expect(applied.files).toEqual(['config/routes.oas.json'])
    expect(applied.version).not.toBe(version)
    expect(noted).toEqual([undefined, 'ada'])
  })

  it.each([
    ['says what is wrong', async () => ({ ok: false as const, problems: [] })],
    ['breaks', () => Promise.reject(new Error('no port'))],
  ])('is taken back when the reload %s', async (_what, failing) => {
    let reloads = 0
    reload = async () => (reloads++ === 0 ? failing() : { ok: true })
    const { version } = await editor.read()
    const applied = editor.apply(title('New'), { ...change, expected: version })
    await expect(applied).rejects.toMatchObject({ reason: 'config_reload_failed' })
    expect(await read()).toBe(routes)
    expect(reloads).toBe(2)
    // The change and its end are both of whoever made it.
    expect(noted).toEqual([undefined, 'ada', 'ada'])
  })

  it('that changes nothing is no change', async () => {
    const { version } = await editor.read()
    reload = () => Promise.reject(new Error('not asked'))
    const applied = await editor.apply(title('R'), { ...change, expected: version })
    expect(applied).toEqual({ version, changeId: undefined, files: [], warnings: expect.any(Array) })
  })

  it('on another version than the present one is refused', async () => {
    const applied = editor.apply(title('New'), { ...change, expected: 'another' })
    await expect(applied).rejects.toMatchObject({ reason: 'admin_version_changed' })
    expect(await read()).toBe(routes)
  })
})
