import type { EventFilter } from '../api/event-filter.ts'

type Search = Record<string, unknown>

const textMembers = [
  'family',
  'type',
  'tenant',
  'team',
  'virtualServer',
  'upstream',
  'subject',
  'clientId',
  'clientName',
  'clientVersion',
  'clientProtocol',
  'upstreamProtocol',
  'method',
  'capabilityType',
  'capability',
  'outcome',
  'failureOrigin',
  'reason',
  'credentialMode',
] as const satisfies readonly (keyof EventFilter)[]

const numberMembers = [
  'sinceMs',
  'untilMs',
  'jsonRpcCode',
  'minLatencyMs',
] as const satisfies readonly (keyof EventFilter)[]

/** What the URL of the Traffic screen says: the filter, and the exchange that is open. */
export interface TrafficSearch extends EventFilter {
  /** Id of the event in the drawer. */
  readonly open?: string
}

/** Reads the filter from a URL; what it does not know is left out. */
export function readTrafficSearch(search: Search): TrafficSearch {
  const read: Record<string, string | number> = {}
  for (const name of [...textMembers, 'open']) {
    const value = search[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') read[name] = String(value)
  }
  for (const name of numberMembers) {
    const value = Number(search[name] ?? Number.NaN)
    if (Number.isFinite(value)) read[name] = value
  }
  return read
}

/** What the URL of a list with details says: the id of what is open. */
export function readSelection({ id }: Search): { readonly id?: string } {
  return typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}
}

/** What the URL of the Audit screen says. */
export interface AuditSearch {
  readonly subject?: string
  readonly type?: string
}

/** Reads the filter of the audit trail from a URL. */
export function readAuditSearch({ subject, type }: Search): AuditSearch {
  return {
    ...(typeof subject === 'string' && subject !== '' && { subject }),
    ...(typeof type === 'string' && type !== '' && { type }),
  }
}
