import type { GatewayEvent } from '../analytics/event.ts'
import type { JsonValue } from '../lib/json.ts'
import type { AuditDraft } from './entry.ts'

/** What the audit trail keeps of an event: everything but measurements. */
const keptFields = [
  'requestId',
  'traceId',
  'tenant',
  'virtualServer',
  'upstream',
  'via',
  'subject',
  'clientId',
  'clientName',
  'method',
  'capabilityType',
  'capability',
  'outcome',
  'failureOrigin',
  'reason',
  'credentialMode',
  'policy',
  'httpStatus',
  'detail',
] as const satisfies readonly (keyof GatewayEvent)[]

/** Which events the audit trail keeps. */
export interface AuditSelection {
  readonly toolCalls: boolean
}

/** The entry of an event; undefined when the audit trail does not keep it. */
export function auditDraftOf(event: GatewayEvent, selection: AuditSelection): AuditDraft | undefined {
  return isAudited(event, selection) ? { time: event.time, type: event.type, fields: fieldsOf(event) } : undefined
}

/**
 * Sign-ins, consents, tokens, keys, credentials and what administrators do; changed definitions; refusals of somebody who is known. A
 * refusal of nobody in particular is an event only: whoever can reach the gateway could fill the trail with them. A client that is named is not
 * known by that: its name is public.
 */
export function isAudited(
  { type, outcome, subject, virtualServer, capabilityType }: GatewayEvent,
  { toolCalls }: AuditSelection,
): boolean {
  if (writtenByTheirMakers.has(type)) return false
  if (madeByAnybody.has(type)) return subject !== null
  // On a page; what fails under a call is about a credential that the gateway has.
  if (type === 'auth_upstream_failed') return subject !== null || virtualServer !== null
  if (type.startsWith('admin_') || type.startsWith('auth_')) return true
  if (type === 'capability_changed' || type === 'capability_suspicious') return true
  if (outcome === 'denied') return subject !== null
  return toolCalls && capabilityType === 'tool' && type !== 'capability_listed'
}

/** What needs nothing but a request, and leaves nothing. */
const madeByAnybody: ReadonlySet<string> = new Set([
  'admin_refused',
  'admin_sign_in_failed',
  'auth_authorize_started',
  'auth_sign_in_failed',
  'auth_token_rejected',
])

/** What they changed is in the trail already, with what it was before and after. */
const writtenByTheirMakers: ReadonlySet<string> = new Set(['admin_changed'])

function fieldsOf(event: GatewayEvent): AuditDraft['fields'] {
  const fields: { [name: string]: JsonValue } = {}
  for (const name of keptFields) {
    const value = event[name]
    if (value !== null) fields[name] = value
  }
  return fields
}
