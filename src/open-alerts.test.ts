import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ScriptedSite, serveScript } from '../test/harness/scripted-upstream.ts'
import { waitUntil } from '../test/harness/wait-until.ts'
import { newEvent } from './analytics/event.ts'
import type { Project } from './config/project.ts'
import { settingsSchema } from './config/project-schema.ts'
import type { Peers } from './contracts/peers.ts'
import type { ConnectionRecord } from './contracts/storage.ts'
import { createMemoryLimiter } from './limits/memory-limiter.ts'
import { type AlertParts, openAlerts } from './open-alerts.ts'
import { loneProcess } from './workers/lone-process.ts'

const secret = 'a-secret-of-at-least-24-bytes'
const hour = 3_600_000
let site: ScriptedSite
let directory: string
let stop: (() => unknown) | undefined
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }

beforeEach(async () => {
  site = await serveScript()
  site.answers.set('/alerts', { status: 200 })
  directory = await mkdtemp(join(tmpdir(), 'alerts-'))
})
afterEach(async () => {
  await stop?.()
  await site.close()
  await rm(directory, { recursive: true })
})

const connection = (change: Partial<ConnectionRecord>) =>
  ({
    tenant: 'acme',
    upstream: 'linear',
    owner: 'subject:ada',
    id: 'c',
    kind: 'oauth',
    state: 'connected',
    sealed: 'without a refresh token',
    expiresAtMs: Date.now() + hour,
    ...change,
  }) as ConnectionRecord

function partsOf(records: readonly ConnectionRecord[], webhooks: readonly object[]): AlertParts {
  const settings = settingsSchema.parse({ version: 1, storage: { directory: '.' }, alerts: { webhooks } })
  return {
    project: () => ({ directory, settings, publicUrl: 'https://mcp.example' }) as unknown as Project,
    metrics: { counts: () => ({ requests: [], types: [] }) },
    storage: { connections: { list: () => Promise.resolve(records) } } as unknown as AlertParts['storage'],
    vault: { open: (sealed) => JSON.stringify(sealed.includes('without') ? {} : { refreshToken: 'r' }) },
    log,
  }
}
const receivers = () => [{ url: `${site.origin}/alerts`, secret }]
const told = () =>
  site
    .to('/alerts')
    .map(({ body }) => (JSON.parse(body) as { data: { kind: string; details: object; upstream?: string } }).data)

const changed = (capability: string) => ({
  ...newEvent('capability_changed', Date.now(), 'r'),
  virtualServer: 'crm',
  capabilityType: 'tool' as const,
  capability,
})

test('what is wrong when the gateway starts is told at once', async () => {
  const alerts = openAlerts(loneProcess)
  void alerts.sink.write([changed('add'), newEvent('auth_signed_in', Date.now(), 'r')])
  const records = [
    connection({}),
    connection({ owner: 'subject:renews', sealed: 'with a refresh token' }),
    connection({ owner: 'subject:later', expiresAtMs: Date.now() + 100 * hour }),
    connection({ upstream: 'github', owner: 'shared', state: 'reconsent_required' }),
  ]
  stop = alerts.run(partsOf(records, receivers()))
  await waitUntil('three alerts', () => told().length === 3)
  expect(told().map(({ kind, upstream, details }) => [kind, upstream, details])).toEqual([
    ['definition', undefined, expect.objectContaining({ capability: 'add' })],
    ['connection_expiring', 'linear', { count: 1, owners: ['subject:ada'] }],
    ['connection_reconsent', 'github', { count: 1, owners: ['shared'] }],
  ])
})

test('without anybody to tell nothing is looked at', async () => {
  const parts = partsOf([connection({ state: 'reconsent_required' })], [])
  const list = vi.spyOn(parts.storage.connections, 'list')
  stop = openAlerts(loneProcess).run(parts)
  await new Promise(setImmediate)
  expect(list).not.toHaveBeenCalled()
})

test('what another process notes reaches the one that leads', async () => {
  let hear: ((message: unknown) => void) | undefined
  const leader: Peers = { ...loneProcess, count: 2, hear: (_, listener) => void (hear = listener) }
  const follower: Peers = {
    ...loneProcess,
    count: 2,
    isLeader: false,
    tell: (_, message) => hear?.(JSON.parse(JSON.stringify(message))),
  }
  const leading = openAlerts(leader)
  const following = openAlerts(follower)
  void following.sink.write([changed('remove')])
  stop = leading.run(partsOf([], receivers()))
  await waitUntil('the alert', () => told().length === 1)
  expect(told()[0]).toMatchObject({ kind: 'definition', details: { capability: 'remove' } })
  leading.close()
  following.close()
})

test('limits are the same, watched or not', async () => {
  const limiter = openAlerts(loneProcess).watchLimiter(createMemoryLimiter(Date.now))
  expect((await limiter.take('k', 1, 1000)).allowed).toBe(true)
  expect((await limiter.take('k', 1, 1000)).allowed).toBe(false)
})
