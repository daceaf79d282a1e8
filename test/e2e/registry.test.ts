import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registryError, serverList, serverResponse } from '../fixtures/registry-api.ts'
import { writePins } from '../harness/pin-definitions.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

const schemas = { list: serverList, one: serverResponse, error: registryError }

interface Entry {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly version: string
  readonly websiteUrl?: string
  readonly icons?: readonly object[]
  readonly remotes: readonly object[]
}
interface Page {
  readonly servers: readonly { readonly server: Entry }[]
  readonly metadata: { readonly nextCursor?: string; readonly count: number }
}

const server = { upstream: 'https://mcp.example.com/mcp', inbound: ['sign-in'] }
const many = Array.from({ length: 70 }, (_, index) => `server-${String(index).padStart(2, '0')}`)
const project: TestProject = {
  settings: { registry: { tenants: ['acme'] }, basePath: '/base' },
  servers: {
    ...Object.fromEntries(many.map((name) => [name, server])),
    'of-acme': { ...server, tenant: 'acme' },
    'of-globex': { ...server, tenant: 'globex' },
    'of-default': { ...server, tenant: 'default' },
    described: {
      ...server,
      description: `Zürich ${'𝄞'.repeat(200)}`,
      registry: {
        version: '2.1.0',
        websiteUrl: 'https://docs.example.com/described',
        icons: [{ src: 'https://docs.example.com/icon.png', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark' }],
      },
    },
    'not listed': { ...server, path: 'hidden', registry: { listed: false } },
    'böse/name': { ...server, path: 'strange' },
  },
  policies: signIn(),
}

let gateway: TestGateway
let root: string

beforeAll(async () => {
  gateway = await startTestGateway(project)
  root = `${gateway.publicUrl}/base/registry`
})
afterAll(() => gateway.close())

async function ask(path: string, method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS' = 'GET') {
  const answer = await request(root + path, { method })
  const text = await answer.body.text()
  return { status: answer.statusCode, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) }
}

async function read<T>(path: string, kind: keyof typeof schemas): Promise<T> {
  const { body, headers } = await ask(path)
  expect(headers['access-control-allow-origin']).toBe('*')
  schemas[kind].parse(body)
  return body as T
}

async function readAll(path: string): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for (let cursor = ''; ; ) {
    const { servers, metadata } = await read<Page>(`${path}&cursor=${cursor}`, 'list')
    expect(metadata.count).toBe(servers.length)
    entries.push(...servers.map((each) => each.server))
    if (metadata.nextCursor === undefined) return entries
    cursor = metadata.nextCursor
  }
}

const names = (entries: readonly Entry[]) =>
  entries.map(({ remotes }) =>
    JSON.stringify(remotes)
      .replace(/.*\/mcp\//, '')
      .replace(/".*/, ''),
  )

describe('the registry of virtual servers', () => {
  it('lists every server once over its pages, none of another tenant and none that is not listed', async () => {
    const entries = await readAll('/v0.1/servers?limit=7')
    expect(names(entries).toSorted()).toEqual([...many, 'described', 'of-default', 'strange'].toSorted())
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length)
  })

  it('shows 30 to a page, and never more than 100', async () => {
    expect((await read<Page>('/v0.1/servers', 'list')).metadata.count).toBe(30)
    const { metadata } = await read<Page>('/v0.1/servers?limit=1000', 'list')
    expect(metadata).toEqual({ count: 73 })
  })

  it('describes a server with all that the project says', async () => {
    const { servers } = await read<Page>('/v0.1/servers?search=DESCRIBED', 'list')
    expect(servers).toHaveLength(1)
    expect(servers[0]?.server).toMatchObject({
      name: '1.0.0.127/described',
      title: 'described',
      version: '2.1.0',
      websiteUrl: 'https://docs.example.com/described',
      icons: [{ src: 'https://docs.example.com/icon.png' }],
      remotes: [{ type: 'streamable-http', url: gateway.server('described') }],
    })
    expect(Array.from(servers[0]?.server.description ?? '')).toHaveLength(100)
  })

  it('finds a server by its name, with one version that is also the latest', async () => {
    for (const path of ['1.0.0.127%2Fserver-07', '1.0.0.127/server-07']) {
      const { servers } = await read<Page>(`/v0.1/servers/${path}/versions`, 'list')
      const version = servers[0]?.server.version ?? ''
      expect(version).toMatch(/^1\.0\.0\+\w{8}$/)
      const exact = await read(`/v0.1/servers/${path}/versions/${encodeURIComponent(version)}`, 'one')
      expect(await read(`/v0.1/servers/${path}/versions/latest`, 'one')).toEqual(exact)
      expect(await read<Page>(`/v0.1/servers?version=${encodeURIComponent(version)}`, 'list')).toMatchObject({
        metadata: { count: 1 },
      })
    }
  })

  it('changes the version with the entry', async () => {
    const versionOf = async () =>
      (await read<{ server: Entry }>('/v0.1/servers/1.0.0.127%2Fserver-01/versions/latest', 'one')).server.version
    const before = await versionOf()
    const changed = { ...project.servers, 'server-01': { ...server, description: 'Something else.' } }
    expect(await gateway.reload({ ...project, servers: changed })).toEqual({ ok: true })
    const after = await versionOf()
    expect(await gateway.reload(project)).toEqual({ ok: true })
    expect(after).not.toBe(before)
    expect(await versionOf()).toBe(before)
  })

  it('changes the version with what is pinned of the server', async () => {
    const versionOf = async () =>
      (await read<{ server: Entry }>('/v0.1/servers/1.0.0.127%2Fserver-02/versions/latest', 'one')).server.version
    const before = await versionOf()
    await writePins(gateway.directory, { 'server-02': { tools: [{ name: 'a' }] } })
    expect(await gateway.reload(project)).toEqual({ ok: true })
    const pinned = await versionOf()
    await writePins(gateway.directory, { 'server-02': { tools: [{ name: 'a', description: 'b' }] } })
    expect(await gateway.reload(project)).toEqual({ ok: true })
    expect(new Set([before, pinned, await versionOf()]).size).toBe(3)
  })

  it('shows a tenant its own servers and those of all, where the project says so', async () => {
    const entries = await readAll('/acme/v0.1/servers?limit=100')
    expect(names(entries).toSorted()).toEqual([...many, 'described', 'of-acme', 'strange'].toSorted())
    await read('/acme/v0.1/servers/1.0.0.127%2Fof-acme/versions/latest', 'one')
  })

  it('tells a tenant without a registry from no tenant in nothing', async () => {
    const globex = await ask('/globex/v0.1/servers')
    const nobody = await ask('/nobody/v0.1/servers')
    expect([globex.status, globex.body]).toEqual([404, { error: 'Not found' }])
    expect([nobody.status, nobody.body]).toEqual([globex.status, globex.body])
    expect((await ask('/v0.1/servers/1.0.0.127%2Fof-globex/versions/latest')).status).toBe(404)
    expect((await ask('/acme/v0.1/servers/1.0.0.127%2Fof-globex/versions/latest')).status).toBe(404)
  })

  it.each([
    ['/v0.1/servers?limit=0', 400],
    ['/v0.1/servers?limit=many', 400],
    ['/v0.1/servers?cursor=%00', 400],
    ['/v0.1/servers?cursor=bm9uc2Vuc2U', 400],
    ['/v0.1/servers?updated_since=yesterday', 400],
    [`/v0.1/servers?search=${'a'.repeat(201)}`, 400],
    ['/v0.1/servers/1.0.0.127%2Fnobody/versions', 404],
    ['/v0.1/servers/1.0.0.127%2Fserver-01/versions/9.9.9', 404],
    ['/v0.1/servers/1.0.0.127%2Fserver-01', 404],
    ['/v0.1/servers/__proto__/versions', 404],
    ['/v0.1/servers/%E0%A4%A/versions', 404],
    ['/v0/servers', 404],
    ['/', 404],
    ['/acme', 404],
  ])('refuses %s with %i and says why', async (path, status) => {
    expect((await ask(path)).status).toBe(status)
    await read(path, 'error')
  })

  it('takes a valid updated_since and leaves nothing out', async () => {
    const { metadata } = await read<Page>('/v0.1/servers?limit=100&updated_since=2031-01-01T00:00:00Z', 'list')
    expect(metadata.count).toBe(73)
  })

  it.each([
    ['POST', '/v0.1/publish', 501],
    ['PUT', '/v0.1/servers/a%2Fb/versions/1.0.0', 501],
    ['DELETE', '/v0.1/servers/a%2Fb/versions/1.0.0', 501],
    ['PATCH', '/v0.1/servers/a%2Fb/versions/1.0.0/status', 403],
    ['PATCH', '/v0.1/servers/a%2Fb/status', 403],
    ['POST', '/v0.1/servers', 405],
    ['GET', '/v0.1/publish', 405],
  ] as const)('%s %s is answered %i: nothing can be published', async (method, path, status) => {
    const answer = await ask(path, method)
    expect(answer.status).toBe(status)
    schemas.error.parse(answer.body)
  })

  it('answers preflights, HEAD, and readers who have it already', async () => {
    const preflight = await ask('/v0.1/servers', 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'Authorization, Content-Type',
    })
    expect(await ask('/v0.1/servers', 'HEAD')).toMatchObject({ status: 200, body: undefined })
    const { headers } = await ask('/v0.1/servers')
    const again = await request(`${root}/v0.1/servers`, { headers: { 'if-none-match': String(headers['etag']) } })
    expect([again.statusCode, await again.body.text()]).toEqual([304, ''])
  })

  it('is not there where the project turns it off', async () => {
    expect(
      await gateway.reload({ ...project, settings: { ...project.settings, registry: { enabled: false } } }),
    ).toEqual({
      ok: true,
    })
    expect((await ask('/v0.1/servers')).status).toBe(404)
    expect(await gateway.reload(project)).toEqual({ ok: true })
    expect((await ask('/v0.1/servers')).status).toBe(200)
  })
})
