import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConsoleFiles } from './console-files.ts'

const page = '<script type="module" nonce="__CSP_NONCE__" src="/console/assets/index-1a.js"></script>'
let directory: string
const servers: Server[] = []

/** Serves the files of a directory; returns how to ask for a path. */
async function serve(files: string) {
  const mount = createConsoleFiles(files)
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '/'
    if (mount.owns(path)) mount.handle(incoming, response, path)
    else response.writeHead(404).end('not ours')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return async (path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, { headers, method })
    const body = Buffer.from(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: answer.headers, body }
  }
}

let get: Awaited<ReturnType<typeof serve>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-console-'))
  await mkdir(join(directory, 'built/assets'), { recursive: true })
  await writeFile(join(directory, 'built/index.html'), page)
  await writeFile(join(directory, 'built/assets/index-1a.js'), 'console.log(1)')
  await writeFile(join(directory, 'secret.txt'), 'secret')
  get = await serve(join(directory, 'built'))
})
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(directory, { recursive: true, force: true })
})

it('sends one page for every screen, with a nonce that no other page has', async () => {
  const nonces = new Set<string>()
  for (const path of ['/console/', '/console/traffic', '/console/virtual-servers/linear']) {
    const { status, headers, body } = await get(path)
    const policy = String(headers['content-security-policy'])
    const nonce = /'nonce-([\w-]{20,})'/.exec(policy)?.[1] ?? ''
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(body.toString()).toContain(`nonce="${nonce}"`)
    expect(policy).not.toContain('unsafe')
    expect(policy).toContain("default-src 'none'; script-src 'self';")
    nonces.add(nonce)
  }
  expect(nonces.size).toBe(3)
})

it('sends a file whose name says its content for good, compressed where that is understood', async () => {
  const plain = await get('/console/assets/index-1a.js')
  expect(plain.body.toString()).toBe('console.log(1)')
  expect(plain.headers['cache-control']).toContain('immutable')
  expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
  const zipped = await get('/console/assets/index-1a.js', { 'accept-encoding': 'br, gzip' })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(zipped.body).toString()).toBe('console.log(1)')
})

it.each(['/console/assets/..%2f..%2fsecret.txt', '/console/assets/../../secret.txt', '/console/assets/index-2b.js'])(
  'has no file at %s',
  async (path) => {
    const { body } = await get(path)
    expect(body.toString()).not.toContain('secret')
    expect(body.toString()).not.toContain('console.log')
  },
)

it('answers HEAD without a body, and nothing that changes', async () => {
  const head = await get('/console/', {}, 'HEAD')
  expect([head.status, head.body.length]).toEqual([200, 0])
  expect((await get('/console/', {}, 'POST')).status).toBe(405)
})

it('leads from the root to the console', async () => {
  for (const path of ['/', '/console']) {
    const { status, headers } = await get(path)
    expect([status, headers['location']]).toEqual([302, '/console/'])
  }
})

it('says how to build it where that was not done', async () => {
  const getUnbuilt = await serve(join(directory, 'nothing'))
  const { status, body } = await getUnbuilt('/console/')
  expect(status).toBe(503)
  expect(body.toString()).toContain('npm run build')
  expect((await getUnbuilt('/console/assets/index-1a.js')).status).toBe(404)
})
