import type { EventFilter } from '../api/event-filter.ts'

type Search = Record<string, unknown>

const textMembers = [
  'family',
  'type',
  'tenant',
  'team',
  'virtualServer',
  'upstream',
  'via',
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
export type TrafficSearch = EventFilter & {
  /** Id of the event in the drawer. */
  readonly open?: string
}

/** What the URL of the Traffic screen says. */
export function readTrafficSearch(search: Search): TrafficSearch {
  return { ...readEventFilter(search), ...(typeof search['open'] === 'string' && { open: search['open'] }) }
}

/** Reads a filter from a URL; what it does not know is left out, and the gateway refuses values that it does not know. */
function readEventFilter(search: Search): EventFilter {
  const read: Record<string, string | number> = {}
  for (const name of textMembers) {
    const value = search[name]
    if (typeof value === 'string' || typeof value === 'number') read[name] = String(value)
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

/** What the URL of the Configuration screen says. */
export interface ConfigurationSearch {
  readonly tab?: 'history'
  /** The file in the editor. */
  readonly file?: string
}

/** Reads which part of the configuration is shown from a URL. */
export function readConfigurationSearch({ tab, file }: Search): ConfigurationSearch {
  return { ...(tab === 'history' && { tab }), ...(typeof file === 'string' && { file }) }
}

/** What the URL of the Overview says: how far back, and what it is narrowed down to. */
export type OverviewSearch = EventFilter & { readonly span?: string }

/** Reads what the overview is about from a URL. */
export function readOverviewSearch(search: Search): OverviewSearch {
  const { sinceMs: _, untilMs: __, ...narrowed } = readEventFilter(search)
  return { ...narrowed, ...(typeof search['span'] === 'string' && { span: search['span'] }) }
}
