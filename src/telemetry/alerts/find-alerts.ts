import { countOf, quantileOf } from '../latency-histogram.ts'
import type { Alert, Findings } from './alert.ts'
import type { QuotaNote } from './quota-notes.ts'
import type { TrafficWindow } from './traffic-window.ts'

/** `alerts.errorRate`. */
export interface ErrorRateRule {
  readonly enabled: boolean
  readonly percent: number
  readonly atLeast: number
  readonly minutes: number
}

/** `alerts.latency`. */
export interface LatencyRule {
  readonly enabled: boolean
  readonly p95Ms: number
  readonly atLeast: number
  readonly minutes: number
}

const nothing: Findings = { alerts: [], isSettled: true }

/** Virtual servers of which too many requests failed. */
export function findErrorRates(
  traffic: TrafficWindow,
  { enabled, percent, atLeast, minutes }: ErrorRateRule,
): Findings {
  if (!enabled) return nothing
  const { servers, isWhole } = traffic.last(minutes)
  const alerts = [...servers].flatMap(([virtualServer, { requests, failures }]): Alert[] => {
    const share = (100 * failures) / requests
    if (requests < atLeast || share < percent) return []
    return [
      {
        key: `error_rate ${virtualServer}`,
        kind: 'error_rate',
        summary: `${failures} of ${requests} requests of ${virtualServer} failed in ${minutes} minutes.`,
        virtualServer,
        details: { requests, failures, percent: round(share), minutes },
      },
    ]
  })
  return { alerts, isSettled: isWhole }
}

/** Virtual servers that answer slowly. */
export function findSlowServers(traffic: TrafficWindow, { enabled, p95Ms, atLeast, minutes }: LatencyRule): Findings {
  if (!enabled) return nothing
  const { servers, isWhole } = traffic.last(minutes)
  const alerts = [...servers].flatMap(([virtualServer, { times }]): Alert[] => {
    const requests = countOf(times)
    const p95 = (quantileOf(times, 0.95) ?? 0) * 1000
    if (requests < atLeast || p95 < p95Ms) return []
    return [
      {
        key: `latency ${virtualServer}`,
        kind: 'latency',
        summary: `One answer in twenty of ${virtualServer} takes ${Math.round(p95)} ms or longer.`,
        virtualServer,
        details: { requests, p95Ms: Math.round(p95), minutes },
      },
    ]
  })
  return { alerts, isSettled: isWhole }
}

/** `alerts.quota`. */
export interface QuotaRule {
  readonly enabled: boolean
  readonly percent: number
}

// As `rate-limit-inbound` writes its keys: its name, the tenant, and whom it counts.
const quotaKey = /^("(?:[^"\\]|\\.)*")(\S+) (user|ip|all)(?: (.*))?$/s

/** Who is near a limit. */
export function findQuotas(notes: readonly QuotaNote[], { enabled, percent }: QuotaRule): Findings {
  if (!enabled) return nothing
  const alerts = notes.flatMap(({ key, used, limit }): Alert[] => {
    const [, name, tenant, by = '', holder] = quotaKey.exec(key) ?? []
    if (name === undefined || 100 * used < percent * limit) return []
    const policy: unknown = JSON.parse(name)
    const who = holder ?? 'everybody together'
    return [
      {
        key: `quota ${key}`,
        kind: 'quota',
        summary: `${who} used ${used} of ${limit} requests that ${String(policy)} allows.`,
        tenant,
        details: { policy: String(policy), by, holder: holder ?? null, used, limit },
      },
    ]
  })
  return { alerts, isSettled: true }
}

/** A connection as alerts see it. */
export interface ConnectionSummary {
  readonly tenant: string
  readonly upstream: string
  readonly owner: string
}

const mostOwners = 20

/** Connections that end soon, or that do not work: one alert for each upstream, however many people it is about. */
export function findConnections(
  kind: 'connection_expiring' | 'connection_reconsent',
  connections: readonly ConnectionSummary[],
): Findings {
  const groups = Map.groupBy(connections, ({ tenant, upstream }) => JSON.stringify([tenant, upstream]))
  const alerts = [...groups].map(([group, members]): Alert => {
    const [tenant, upstream] = JSON.parse(group) as [string, string]
    const count = members.length
    const some = count === 1 ? '1 connection' : `${count} connections`
    const what =
      kind === 'connection_expiring'
        ? `to ${upstream} will end soon and cannot be renewed.`
        : `to ${upstream} will not work until connected again.`
    return {
      key: `${kind} ${group}`,
      kind,
      summary: `${some} ${what}`,
      tenant,
      upstream,
      details: { count, owners: members.slice(0, mostOwners).map(({ owner }) => owner) },
    }
  })
  return { alerts, isSettled: true }
}

const round = (value: number) => Math.round(value * 10) / 10
