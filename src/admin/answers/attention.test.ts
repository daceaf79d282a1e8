import { expect, it } from 'vitest'
import { type GatewayEvent, newEvent } from '../../analytics/event.ts'
import { type EventFilter, equalFields } from '../../analytics/event-filter.ts'
import type { Project } from '../../config/project.ts'
import type { ConnectionRecord } from '../../contracts/storage.ts'
import type { AdminCall, AdminHost } from '../admin-host.ts'
import { attentionAnswers } from './attention.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const minute = 60_000
const hour = 60 * minute

/** What happened `agoMs` ago. */
const happened = (agoMs: number, facts: Partial<GatewayEvent>): GatewayEvent =>
  Object.assign(newEvent('capability_completed', now - agoMs, 'r'), facts)
const many = (count: number, agoMs: number, facts: Partial<GatewayEvent>) =>
  Array.from({ length: count }, (_, index) => happened(agoMs + index, facts))

function fits(event: GatewayEvent, filter: EventFilter): boolean {
  if (event.time < (filter.sinceMs ?? 0) || event.time >= (filter.untilMs ?? Number.POSITIVE_INFINITY)) return false
  return equalFields.every((name) => filter[name] === undefined || event[name] === filter[name])
}

interface World {
  readonly events?: readonly GatewayEvent[]
  readonly connections?: readonly Partial<ConnectionRecord>[]
  readonly warnings?: Project['warnings']
  readonly failedReload?: ReturnType<AdminHost['failedReload']>
  readonly dropped?: number
}

async function look({ events = [], connections = [], warnings = [], failedReload, dropped = 0 }: World) {
  const newestFirst = events.toSorted((one, other) => other.time - one.time)
  const route = { handler: { type: {} }, upstreamUrl: 'https://up.example/mcp', operationId: 'tracker' }
  const host = {
    project: () => ({ routes: [route], warnings }),
    loadedAtMs: () => now,
    failedReload: () => failedReload,
    clock: () => now,
    recorder: { dropped },
    // Sealed values are plain here: what matters is whether there is a refresh token.
    vault: { open: (sealed: string) => sealed },
    storage: { connections: { list: async () => connections } },
    events: () => ({
      count: async (filter: EventFilter) => newestFirst.filter((event) => fits(event, filter)).length,
      rows: async (filter: EventFilter, { limit }: { limit: number }) => {
        const fitting = newestFirst.filter((event) => fits(event, filter))
        const items = fitting.slice(0, limit).map((event) => ({ cursor: event.id, event }))
        return { items, next: fitting.length > limit ? 'more' : undefined }
      },
    }),
  }
  const { items } = await attentionAnswers.listAttention({ params: {}, query: {}, body: undefined }, {
    host: host as unknown as AdminHost,
  } as AdminCall)
  return items
}
const kinds = async (world: World) => (await look(world)).map(({ kind, severity }) => `${severity} ${kind}`)

const worked = { upstream: 'up.example', outcome: 'success' } as const
const failed = {
  upstream: 'up.example',
  outcome: 'failure',
  failureOrigin: 'upstream',
  reason: 'upstream_timeout',
} as const
const connection = (changes: Partial<ConnectionRecord>): Partial<ConnectionRecord> => ({
  upstream: 'notes',
  owner: 'subject:ada',
  kind: 'oauth',
  state: 'connected',
  updatedAtMs: now - hour,
  sealed: '{}',
  ...changes,
})

it('where all is well, nothing is named', async () => {
  const renews = connection({ expiresAtMs: now + minute, sealed: '{"refreshToken":"r"}' })
  const lasts = connection({ expiresAtMs: now + 30 * 24 * hour })
  const events = [...many(100, minute, worked), ...many(2, minute, failed), ...many(3, minute, { outcome: 'denied' })]
  expect(await look({ events, connections: [renews, lasts] })).toEqual([])
})

it.each([
  ['all calls fail', many(10, minute, failed), ['error upstream_failing']],
  ['some calls fail', [...many(10, minute, failed), ...many(60, 2 * minute, worked)], ['warning upstream_failing']],
  [
    'most failed, but the last one worked',
    [...many(10, 2 * minute, failed), happened(1, worked)],
    ['warning upstream_failing'],
  ],
  ['calls failed long ago', many(10, 2 * hour, failed), []],
  ['calls of another upstream fail', many(10, minute, { ...failed, upstream: 'else.example' }), []],
])('an upstream: %s', async (_what, events, expected) => {
  expect(await kinds({ events })).toEqual(expected)
})

it('an upstream that fails says when, why, and which events they are', async () => {
  const [item] = await look({ events: many(3, minute, failed) })
  expect(item).toMatchObject({
    title: 'up.example failed 3 of 3 calls within the last hour.',
    remedy: expect.stringContaining('upstream_timeout') as string,
    since: '2026-11-20T11:59:00.000Z',
    count: 3,
    subject: 'up.example',
    rows: { upstream: 'up.example', failureOrigin: 'upstream', sinceMs: now - hour },
  })
})

it.each([
  ['has to be connected again', connection({ state: 'reconsent_required' }), ['warning connection_reconsent_required']],
  [
    'of everybody has to be connected again',
    connection({ state: 'reconsent_required', owner: 'shared' }),
    ['error connection_reconsent_required'],
  ],
  ['ends soon, for good', connection({ expiresAtMs: now + 24 * hour }), ['warning connection_expiring']],
  ['has ended for good', connection({ expiresAtMs: now - hour }), ['warning connection_expiring']],
  ['ends for good, but not soon', connection({ expiresAtMs: now + 4 * 24 * hour }), []],
  ['is a key', connection({ kind: 'api-key', expiresAtMs: now }), []],
  ['cannot be opened', connection({ expiresAtMs: now, sealed: 'not JSON' }), []],
])('a connection that %s', async (_what, record, expected) => {
  expect(await kinds({ connections: [record] })).toEqual(expected)
})

it.each([
  ['out of nothing', many(25, minute, { outcome: 'denied' }), ['warning denied_spike']],
  ['a few', many(19, minute, { outcome: 'denied' }), []],
  [
    'as many as in every hour of the day',
    Array.from({ length: 25 }, (_, back) => many(25, back * hour + minute, { outcome: 'denied' })).flat(),
    [],
  ],
])('refusals: %s', async (_what, events, expected) => {
  expect(await kinds({ events })).toEqual(expected)
})

it('a changed definition is named for a week', async () => {
  const changed = { type: 'capability_changed', virtualServer: 'tracker', capability: 'search' } as const
  const [item] = await look({ events: [happened(24 * hour, changed)] })
  expect(item).toMatchObject({ kind: 'definition_changed', title: 'search of tracker is not as it is pinned.' })
  expect(await look({ events: [happened(8 * 24 * hour, changed)] })).toEqual([])
})

it('the worst comes first', async () => {
  const problem = {
    severity: 'error',
    file: 'a.json',
    line: 3,
    column: 1,
    path: '',
    message: 'is wrong',
    remedy: undefined,
  } as const
  const found = await kinds({
    events: [...many(10, minute, failed), ...many(25, minute, { outcome: 'denied' })],
    warnings: [{ ...problem, severity: 'warning' }],
    failedReload: { atMs: now, problems: [problem] },
    dropped: 7,
  })
  expect(found).toEqual([
    'error reload_failed',
    'error upstream_failing',
    'error events_dropped',
    'warning project_warning',
    'warning denied_spike',
  ])
})
