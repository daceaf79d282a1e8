import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { request } from 'undici'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startGateway } from '../../src/gateway.ts'
import { adminOrigin, createAdminClient, readSessionCookie, signInByLink } from '../harness/admin-client.ts'
import { describeAdminProject, startAdminGateway } from '../harness/admin-gateway.ts'
import { openBrowser } from '../harness/browser-login.ts'
import { postModern } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, type TestProject } from '../harness/write-project.ts'

const open: TestProject = { servers: { open: { upstream: 'http://127.0.0.1:9/mcp', inbound: [] } } }

/** A port of loopback that somebody has. */
async function occupyPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return (server.address() as AddressInfo).port
}

async function ask(url: string) {
  const { statusCode, headers, body } = await request(url)
  return { status: statusCode, headers, text: await body.text() }
}

it('health is answered to everybody, in few words', async () => {
  const gateway = await startAdminGateway()
  onTestFinished(() => gateway.close())
  const origin = await adminOrigin(gateway.directory)
  expect(await ask(`${origin}/healthz`)).toMatchObject({ status: 200, text: '{"status":"ok"}\n' })
  const ready = await ask(`${origin}/readyz`)
  expect(ready.status).toBe(200)
  expect(JSON.parse(ready.text)).toMatchObject({
    status: 'ready',
    checks: { process: 'ok', store: 'ok', project: 'ok' },
  })
  const metrics = await ask(`${origin}/metrics`)
  expect([metrics.status, metrics.headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')])
  expect(metrics.text).toContain('# TYPE sallyport_requests_total counter')
  expect((await request(`${origin}/healthz`, { method: 'POST' })).statusCode).toBe(405)
  expect((await request(`${origin}/readyz`, { headers: { 'sec-fetch-site': 'cross-site' } })).statusCode).toBe(403)
})

it('a gateway that stops is not ready, and goes on with what runs', async () => {
  const held = await startHeldUpstream()
  onTestFinished(() => held.close())
  const directory = await createProject({ servers: { open: { upstream: held.url, inbound: [] } } })
  onTestFinished(() => rm(directory, { recursive: true }))
  const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
  const origin = await adminOrigin(directory)
  const answer = postModern(`${gateway.publicUrl}/mcp/open`, 'none', 'tools/call', { name: 'hold' })
  const call = await held.nextCall()
  const closed = gateway.close()
  const { text } = await waitUntil('not ready', async () => {
    const ready = await ask(`${origin}/readyz`)
    return ready.status === 503 && ready
  })
  expect(JSON.parse(text)).toMatchObject({ status: 'not ready', checks: { process: 'stopping' } })
  call.answer('in time')
  expect((await answer).status).toBe(200)
  await closed
  await expect(ask(`${origin}/healthz`)).rejects.toThrow('ECONNREFUSED')
})

it('a port in use is the end of `start`, which names the setting', async () => {
  const port = await occupyPort()
  vi.stubEnv('SALLYPORT_VAULT_KEYS', `k1:${randomBytes(32).toString('base64')}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const settings = { publicUrl: 'https://gateway.example', admin: { listen: { port } } }
  const directory = await createProject({ ...open, settings })
  onTestFinished(() => rm(directory, { recursive: true }))
  await expect(startGateway({ projectDirectory: directory, mode: 'start' })).rejects.toThrow(
    `127.0.0.1:${port} is in use. Stop what listens there, or set admin.listen.port in sallyport.jsonc.`,
  )
})

it('`dev` takes the next free port', async () => {
  const port = await occupyPort()
  const directory = await createProject({ ...open, settings: { admin: { listen: { port } } } })
  onTestFinished(() => rm(directory, { recursive: true }))
  const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
  onTestFinished(() => gateway.close())
  const origin = await adminOrigin(directory)
  expect(Number(new URL(origin).port)).toBeGreaterThan(port)
  expect((await ask(`${origin}/healthz`)).status).toBe(200)
})

it('there is nothing where it is turned off', async () => {
  const directory = await createProject({ ...open, settings: { admin: { enabled: false } } })
  onTestFinished(() => rm(directory, { recursive: true }))
  const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
  onTestFinished(() => gateway.close())
  await expect(adminOrigin(directory)).rejects.toThrow('no admin listener')
  expect(await gateway.createConsoleLink('operator:x')).toBeUndefined()
  expect((await ask(`${gateway.publicUrl}/auth/admin?challenge=${'a'.repeat(43)}`)).status).toBe(404)
})

it('where it listens changes with a restart, who may come in at once', async () => {
  const gateway = await startAdminGateway()
  onTestFinished(() => gateway.close())
  const moved = await gateway.reload(describeAdminProject({}, { listen: { port: 1 } }))
  expect(moved).toMatchObject({ ok: false, problems: [{ path: 'admin.listen' }] })
  expect(await gateway.reload(describeAdminProject({}, { roles: {} }))).toEqual({ ok: true })
})

it('a reload that failed is told, until one does not', async () => {
  const gateway = await startAdminGateway()
  onTestFinished(() => gateway.close())
  const owner = await signInByLink(gateway.directory)
  const failed = async () => (await owner.call('GET', '/project')).json['failedReload']
  expect(await failed()).toBeNull()
  await gateway.reload({ servers: { tracker: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['nothing'] } } })
  expect(await failed()).toMatchObject({ problems: [{ severity: 'error', file: 'config/routes.oas.json' }] })
  await gateway.reload(describeAdminProject())
  expect(await failed()).toBeNull()
})

it('sallyport console prints a link that works once', async () => {
  const gateway = await startAdminGateway()
  onTestFinished(() => gateway.close())
  const { code, out, errors } = await runCli('console', gateway.directory)
  expect([code, errors]).toEqual([0, expect.stringContaining('It works once')])
  const link = new URL(out.trim())
  const entered = await openBrowser().get(link)
  const client = createAdminClient(link.origin, readSessionCookie(entered.headers['set-cookie']))
  expect((await client.call('GET', '/session')).json).toMatchObject({ role: 'owner', signedInBy: 'local-link' })
  expect((await openBrowser().get(link)).status).toBe(403)
})

it('sallyport console says when there is no console', async () => {
  const directory = await createProject(open)
  onTestFinished(() => rm(directory, { recursive: true }))
  const { code, errors } = await runCli('console', directory)
  expect([code, errors]).toEqual([1, expect.stringContaining('start the gateway first')])
})
