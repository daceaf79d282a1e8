import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { request } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { adminOrigin } from '../harness/admin-client.ts'
import { canLoop, loopForEver, suspend } from '../harness/hang-process.ts'
import type { PostAnswer } from '../harness/post-message.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { startWorkers, type WorkerGateway } from '../harness/start-workers.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject } from '../harness/write-project.ts'

// Event loops that are blocked for good. The limit is that of production: half a minute.

/** A session in each place, with its stream. Connections come to workers by chance. */
async function openEverywhere(gateway: WorkerGateway) {
  const sessions = new Map<number, Awaited<ReturnType<typeof openStdioClient>>>()
  while (sessions.size < gateway.pids().size) {
    const client = await openStdioClient(gateway.server('scripted'), gateway.key('ada'))
    sessions.set(Number(client.sessionId.slice(0, client.sessionId.indexOf('-'))), client)
  }
  return Promise.all(
    [...sessions].map(async ([slot, client]) => {
      const { ended } = await client.listen(() => undefined)
      const call = () =>
        client
          .post({ id: 1, method: 'tools/call', params: { name: 'work', arguments: {} } })
          .then(describeAnswer, ({ code }: NodeJS.ErrnoException) => String(code))
      return { slot, client, ended, call }
    }),
  )
}

function describeAnswer({ status, message }: PostAnswer): string {
  return message?.result ? 'ok' : `${status} ${message?.error?.data?.reason}`
}

const manyTimes = Array.from({ length: 24 })
/** Reset by the system, since nobody had taken the connection. */
const reset = /^(UND_ERR_SOCKET|ECONNRESET)$/

it('workers that hang are killed, others take their places, and no client waits for ever', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const work = { resultType: 'complete', content: [{ type: 'text', text: '"done"' }] }
  upstream.onRequest = (asked) => asked.answer({ result: work })
  const servers = { scripted: { upstream: upstream.url, inbound: ['keys'] } }
  const gateway = await startWorkers({ servers }, { balancedBy: 'system', environment: canLoop })
  const isHealthy = async () => {
    const origin = await adminOrigin(gateway.directory).catch(() => undefined)
    return origin !== undefined && (await request(`${origin}/healthz`).catch(() => undefined))?.statusCode === 200
  }
  await waitUntil('the leader answers probes', isHealthy)
  const sessions = await openEverywhere(gateway)
  const before = gateway.pids()
  // The first one to serve leads.
  await loopForEver(gateway, before.get(0) ?? 0)
  await suspend(before.get(1) ?? 0)

  const made = sessions.flatMap(({ slot, call }) =>
    manyTimes.map(async () => ({ isHung: slot < 2, outcome: await call() })),
  )
  const outcomes = await Promise.all(made)
  const of = (isHung: boolean) => new Set(outcomes.flatMap((each) => (each.isHung === isHung ? each.outcome : [])))
  // Those that came to the one that lives: answered, or passed on.
  expect([...of(false)].filter((outcome) => !reset.test(outcome))).toEqual(['ok'])
  expect([...of(true)].filter((outcome) => !reset.test(outcome))).toEqual(['502 worker_lost'])
  expect(outcomes.some(({ outcome }) => reset.test(outcome))).toBe(true)
  expect(upstream.of('tools/call')).toHaveLength(outcomes.filter(({ outcome }) => outcome === 'ok').length)
  await Promise.all(sessions.flatMap(({ slot, ended }) => (slot < 2 ? [ended] : [])))

  await waitUntil('others serve', () => [0, 1].every((slot) => gateway.pids().get(slot) !== before.get(slot)), 30_000)
  const logged = (message: string) => gateway.logged(message).toSorted((a, b) => Number(a.worker) - Number(b.worker))
  const hung = [0, 1].map((worker) => ({ worker, pid: before.get(worker), silentMs: 30_000 }))
  expect(logged('a worker does not answer and is killed')).toMatchObject(hung)
  const ended = [0, 1].map((worker) => ({ worker, signal: 'SIGKILL', inARow: 1, pauseMs: 0 }))
  expect(logged('a worker ended; another one is started')).toMatchObject(ended)
  expect(gateway.pids().get(2)).toBe(before.get(2))
  await waitUntil('another one leads and answers probes', isHealthy)
  for (const { call } of sessions) for (const _ of [0, 1, 2]) expect(await call()).toBe('ok')
  expect(await gateway.stop()).toBe(0)
}, 150_000)

it('a process without workers that hangs answers no probe, and only SIGKILL ends it', async () => {
  const port = await findFreePort()
  const servers = { open: { upstream: 'http://127.0.0.1:9/mcp', inbound: [] } }
  const directory = await createProject({
    settings: { listen: { port }, publicUrl: 'https://gateway.example' },
    servers,
  })
  onTestFinished(() => rm(directory, { recursive: true }))
  const environment = { SALLYPORT_VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}`, ...canLoop }
  const gateway = await spawnGateway(directory, port, 'start', environment)
  const origin = await waitUntil('the admin listener', () => adminOrigin(directory).catch(() => false))
  const probe = async (path: string) => (await request(`${origin}${path}`, { headersTimeout: 1_000 })).statusCode
  expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 200])
  await loopForEver(gateway, gateway.process.pid ?? 0)
  await expect(probe('/healthz')).rejects.toThrow('Headers Timeout')
  gateway.process.kill('SIGTERM')
  await expect(probe('/readyz')).rejects.toThrow('Headers Timeout')
  expect(gateway.process.exitCode).toBeNull()
  await gateway.kill9()
  await expect(probe('/healthz')).rejects.toThrow('ECONNREFUSED')
}, 60_000)
