import type { z } from 'zod'
import type { ConnectionRecord } from '../../contracts/storage.ts'
import { findEndingConnections } from '../../credentials/find-ending-connections.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import type { listAttention } from '../operations/attention.ts'
import { healthWindowMinutes, readUpstreamHealth } from '../upstream-health.ts'
import { mostListed } from './connections.ts'
import { listCalledUpstreams } from './upstreams.ts'

type Item = z.input<typeof listAttention.answer>['items'][number]

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
/** Refusals within an hour that are worth a look: so many, and so much more than in an hour of the day before. */
const deniedSpike = { atLeast: 20, times: 3 } as const
const endingWithinMs = 3 * dayMs
const definitionsWithinMs = 7 * dayMs

export const attentionAnswers: AnswersOf<'listAttention'> = {
  async listAttention(_input, { host }) {
    const found = (await Promise.all(looks.map(async (look) => look(host)))).flat()
    // Errors first; within them the order of the looks.
    return { items: found.toSorted((one, other) => weigh(one) - weigh(other)) }
  },
}

function weigh({ severity }: Item): number {
  return severity === 'error' ? 0 : 1
}

/** One thing to look at. */
type Look = (host: AdminHost) => Item[] | Promise<Item[]>

function lookAtReload(host: AdminHost): Item[] {
  const items: Item[] = []
  const failed = host.failedReload()
  if (failed) {
    const [first] = failed.problems
    items.push({
      kind: 'reload_failed',
      severity: 'error',
      title: 'The last change of the project was not taken over.',
      remedy: first ? `${first.file}:${first.line}: ${first.message}` : 'See Configuration for the problems.',
      since: toIsoTime(failed.atMs),
      count: failed.problems.length,
      subject: first?.file ?? null,
      rows: null,
    })
  }
  const { warnings } = host.project()
  const [first] = warnings
  if (first)
    items.push({
      kind: 'project_warning',
      severity: 'warning',
      title: `The project has ${countOf(warnings.length, 'warning')}.`,
      remedy: `${first.file}:${first.line}: ${first.message}`,
      since: toIsoTime(host.loadedAtMs()),
      count: warnings.length,
      subject: first.file,
      rows: null,
    })
  return items
}

async function lookAtUpstreams(host: AdminHost): Promise<Item[]> {
  const names = [...new Set(listCalledUpstreams(host.project()).map((called) => called.host))]
  const healths = await Promise.all(names.map(async (name) => ({ name, health: await readUpstreamHealth(name, host) })))
  return healths.flatMap(({ name, health }) =>
    health.state === 'failing' || health.state === 'degraded'
      ? [
          {
            kind: 'upstream_failing' as const,
            severity: health.state === 'failing' ? ('error' as const) : ('warning' as const),
            title: `${name} failed ${health.failures} of ${countOf(health.calls, 'call')} within the last hour.`,
            remedy: `The last reason was ${health.lastFailureReason ?? 'not recorded'}: look at the upstream, or probe it.`,
            since: health.lastFailureAt,
            count: health.failures,
            subject: name,
            rows: { upstream: name, failureOrigin: 'upstream', sinceMs: host.clock() - healthWindowMinutes * 60_000 },
          },
        ]
      : [],
  )
}

async function lookAtConnections(host: AdminHost): Promise<Item[]> {
  const { storage, vault, clock } = host
  const records = await storage.connections.list({ limit: mostListed })
  const lapsed = records.filter(({ state }) => state === 'reconsent_required')
  const ending = await findEndingConnections(storage.connections, vault, clock() + endingWithinMs)
  return [
    ...byUpstream(lapsed, (upstream, of) => ({
      kind: 'connection_reconsent_required',
      severity: of.some(({ owner }) => owner === 'shared') ? 'error' : 'warning',
      title: `${countOf(of.length, 'connection')} to ${upstream} must be connected again.`,
      remedy: 'Their owners are asked to at their next call; a shared one is connected by an administrator.',
      since: toIsoTime(Math.max(...of.map(({ updatedAtMs }) => updatedAtMs))),
      count: of.length,
      subject: upstream,
      rows: null,
    })),
    ...byUpstream(ending, (upstream, of) => ({
      kind: 'connection_expiring',
      severity: 'warning',
      title: `${countOf(of.length, 'connection')} to ${upstream} ${of.length === 1 ? 'ends' : 'end'} within three days, or ended.`,
      remedy: 'The upstream issued no refresh token: they have to be connected again.',
      since: toIsoTime(Math.min(...of.map(({ expiresAtMs = 0 }) => expiresAtMs))),
      count: of.length,
      subject: upstream,
      rows: null,
    })),
  ]
}

async function lookAtDenied({ events, clock }: AdminHost): Promise<Item[]> {
  const now = clock()
  const denied = { outcome: 'denied' } as const
  const [lately, before] = await Promise.all([
    events().count({ ...denied, sinceMs: now - hourMs }),
    events().count({ ...denied, sinceMs: now - 25 * hourMs, untilMs: now - hourMs }),
  ])
  if (lately < deniedSpike.atLeast || lately < deniedSpike.times * (before / 24)) return []
  return [
    {
      kind: 'denied_spike',
      severity: 'warning',
      title: `${countOf(lately, 'request')} refused within the last hour, far more than usual.`,
      remedy: 'Look at who is refused and why: a client that was set up wrongly, or somebody who tries.',
      since: toIsoTime(now - hourMs),
      count: lately,
      subject: null,
      rows: { ...denied, sinceMs: now - hourMs },
    },
  ]
}

async function lookAtDefinitions({ events, clock }: AdminHost): Promise<Item[]> {
  const sinceMs = clock() - definitionsWithinMs
  const types = ['capability_changed', 'capability_suspicious'] as const
  const found = await Promise.all(
    types.map(async (type) => ({ type, page: await events().rows({ type, sinceMs }, { limit: 100 }) })),
  )
  return found.flatMap(({ type, page: { items, next } }) => {
    const [latest] = items
    if (latest === undefined) return []
    const { virtualServer, capability, time } = latest.event
    const what = type === 'capability_changed' ? 'is not as it is pinned' : 'holds suspicious texts'
    return [
      {
        kind: 'definition_changed' as const,
        severity: 'warning' as const,
        title: `${capability ?? 'A definition'} of ${virtualServer ?? 'a virtual server'} ${what}${items.length > 1 ? ', and others' : ''}.`,
        remedy: 'See what changed in the events; pin it again with `sallyport pins` if it is meant to be so.',
        since: toIsoTime(time),
        count: next === undefined ? items.length : items.length + 1,
        subject: virtualServer,
        rows: { type, sinceMs },
      },
    ]
  })
}

function lookAtDropped({ recorder }: AdminHost): Item[] {
  if (recorder.dropped === 0) return []
  return [
    {
      kind: 'events_dropped',
      severity: 'error',
      title: `${countOf(recorder.dropped, 'event')} dropped since the gateway started.`,
      remedy: 'A sink is too slow or does not answer: see the log and /metrics, or raise events.bufferSize.',
      since: null,
      count: recorder.dropped,
      subject: null,
      rows: null,
    },
  ]
}

function byUpstream(
  records: readonly ConnectionRecord[],
  describe: (upstream: string, of: readonly ConnectionRecord[]) => Item,
): Item[] {
  return [...Map.groupBy(records, ({ upstream }) => upstream)].map(([upstream, of]) => describe(upstream, of))
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

const looks: readonly Look[] = [
  lookAtReload,
  lookAtUpstreams,
  lookAtConnections,
  lookAtDenied,
  lookAtDefinitions,
  lookAtDropped,
]
