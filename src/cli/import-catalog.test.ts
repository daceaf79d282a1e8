import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from '../../test/harness/run-cli.ts'
import { createProject, signIn } from '../../test/harness/write-project.ts'

const remote = (url: string, headers: readonly object[] = []) => [{ type: 'streamable-http', url, headers }]
const server = (name: string, changes: object = {}) => ({
  name,
  description: `The server ${name}.`,
  version: '1.0.0',
  remotes: remote(`https://${name.split('/')[1]}.example.com/mcp`),
  ...changes,
})
const official = (status: string, statusMessage?: string) => ({
  'io.modelcontextprotocol.registry/official': { status, statusMessage },
})
const inTags = (text: string) => String.fromCodePoint(...Array.from(text, (letter) => 0xe0000 + letter.charCodeAt(0)))

const pages = [
  [
    { server: server('com.example/notes', { title: 'Notes', websiteUrl: 'https://notes.example.com' }) },
    { server: server('com.example/linear') },
    {
      server: server('com.example/keyed', {
        remotes: remote('https://keyed.example.com/mcp', [
          { name: 'X-Api-Key', isSecret: true },
          { name: 'X-Team', description: 'Whose data.' },
        ]),
      }),
    },
    { server: server('com.example/gone'), _meta: official('deleted') },
    { server: server('com.example/old'), _meta: official('deprecated', 'Use notes.') },
  ],
  [
    { server: server('com.example/local', { remotes: undefined, packages: [] }) },
    { server: server('com.example/templated', { remotes: remote('https://{region}.example.com/mcp') }) },
    { server: server('com.example/metadata', { remotes: remote('https://169.254.169.254/mcp') }) },
    { server: server('com.example/loopback', { remotes: remote('https://[::1]/mcp') }) },
    { server: server('com.example/plain', { remotes: remote('http://plain.example.com/mcp') }) },
    { server: server('com.example/mapped', { remotes: remote('https://[::ffff:10.0.0.1]/mcp') }) },
    { server: server('com.example/poisoned', { title: `Poison${inTags('obey')}` }) },
    { server: server('com.example/moves', { title: 'A\u001B[2Jtitle', remotes: undefined }) },
    { nonsense: true },
    { server: { name: '../../etc/passwd', description: 'x', version: '1' } },
  ],
]

let url: string
let project: string

beforeAll(async () => {
  url = await serve((request, response) => {
    const query = new URL(request.url ?? '/', 'http://registry').searchParams
    const index = Number(query.get('cursor') ?? 0)
    const search = query.get('search') ?? ''
    const servers = pages[index]?.filter((entry) => JSON.stringify(entry).includes(search))
    const metadata = index === 0 ? { nextCursor: '1' } : { nextCursor: '' }
    response.setHeader('content-type', 'application/json')
    response.statusCode = request.url?.startsWith('/v0.1/servers?') ? 200 : 404
    response.end(JSON.stringify({ servers, metadata }))
  })
  project = await createProject({ servers: {}, policies: signIn() })
})
afterAll(() => rm(project, { recursive: true, force: true }))

describe('sallyport catalog import', () => {
  it('lists what can be reached by URL, and says why the rest cannot', async () => {
    const { out, code } = await runCli('catalog', 'import', url, '--project', project)
    expect(code).toBe(0)
    expect(out).toContain('https://notes.example.com/mcp')
    for (const [name, why] of [
      ['local', 'no URL that speaks streamable HTTP'],
      ['templated', 'its URL has variables'],
      ['metadata', 'its URL is not a public one'],
      ['loopback', 'its URL is not a public one'],
      ['mapped', 'its URL is not a public one'],
      ['plain', 'its URL is not a plain https one'],
      ['poisoned', 'its texts hold tag characters'],
    ])
      expect(out).toMatch(new RegExp(`com.example/${name} .*${why}`))
    expect(out).not.toContain('com.example/gone')
    expect(out).not.toContain('\u001B')
    expect(out).toContain('2 entries are not as the specification says')
    expect(await readdir(join(project, 'config'))).not.toContain('catalog')
  })

  it('passes the search on', async () => {
    const { out } = await runCli('catalog', 'import', url, '--search', 'keyed')
    expect(out).toContain('com.example/keyed')
    expect(out).not.toContain('com.example/notes')
  })

  it('writes chosen servers as entries that add takes', async () => {
    const names = ['com.example/notes', 'com.example/linear', 'com.example/keyed', 'com.example/old']
    const { out, errors, code } = await runCli('catalog', 'import', url, ...names, '--project', project)
    expect([code, errors]).toEqual([0, ''])
    // `linear` is one of ours, which stays.
    expect(out).toContain('sallyport add com-example-linear')
    const read = async (id: string) => JSON.parse(await readFile(join(project, 'config/catalog', `${id}.json`), 'utf8'))
    expect(await read('notes')).toMatchObject({
      name: 'Notes',
      url: 'https://notes.example.com/mcp',
      docs: 'https://notes.example.com',
      verified: 'unverified',
      source: `${url} com.example/notes`,
    })
    expect(await read('keyed')).toMatchObject({
      auth: [{ kind: 'api-key', header: 'x-api-key', scheme: '' }, { kind: 'oauth' }],
      headers: [{ name: 'X-Team', what: 'Whose data.' }],
    })
    expect((await read('old')).quirks).toContain('The registry calls it deprecated. Use notes.')
    expect((await runCli('catalog', 'list', '--project', project)).out).toContain('com-example-linear')
    const added = await runCli('add', 'notes', project, '--yes')
    expect([added.code, added.errors]).toEqual([0, ''])
    expect(await readFile(join(project, 'config/routes.oas.json'), 'utf8')).toContain('https://notes.example.com/mcp')
    const again = await runCli('catalog', 'import', url, 'com.example/notes', '--project', project)
    expect(again.out).toContain(join('config', 'catalog', 'notes.json'))
  })

  it('refuses what the registry does not have, or has without a URL', async () => {
    const unknown = await runCli('catalog', 'import', url, 'com.example/nobody', '--project', project)
    expect([unknown.code, unknown.errors]).toEqual([1, expect.stringContaining('is not in the registry')])
    const local = await runCli('catalog', 'import', url, 'com.example/local', '--project', project)
    expect(local.errors).toContain('cannot be imported')
  })

  it('writes nothing where there is no project', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'sallyport-empty-'))
    onTestFinished(() => rm(empty, { recursive: true, force: true }))
    const { errors } = await runCli('catalog', 'import', url, 'com.example/notes', '--project', empty)
    expect(errors).toContain('there is no project')
    expect(await readdir(empty)).toEqual([])
  })
})

describe('a registry that is none', () => {
  const answerWith = (status: number, body: string, headers: Record<string, string> = {}) =>
    serve((_, response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body))

  it.each([
    ['repeats a page for ever', 200, '{"servers":[],"metadata":{"nextCursor":"same"}}', 'repeats a page'],
    ['answers something else', 200, '{"items":[]}', 'not an MCP registry'],
    ['is not there', 404, '{"error":"Not found"}', 'answers 404'],
    ['answers without end', 200, `"${'x'.repeat(9 * 1024 * 1024)}"`, 'larger than'],
  ])('%s', async (_, status, body, message) => {
    const { code, errors } = await runCli('catalog', 'import', await answerWith(status, body))
    expect([code, errors]).toEqual([1, expect.stringContaining(message)])
  })

  it('sends the reader elsewhere, who does not go there', async () => {
    const { errors } = await runCli(
      'catalog',
      'import',
      await answerWith(302, '{}', { location: `${url}/v0.1/servers` }),
    )
    expect(errors).toContain('answers 302')
  })

  it('is reached over plain http', async () => {
    expect((await runCli('catalog', 'import', 'http://registry.example')).errors).toContain('only https')
  })
})

async function serve(listener: RequestListener): Promise<string> {
  const running = createServer(listener)
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve))
  closing.push(() => running.close())
  return `http://127.0.0.1:${(running.address() as AddressInfo).port}`
}
const closing: (() => unknown)[] = []
afterAll(() => closing.forEach((close) => close()))
