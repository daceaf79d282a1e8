import { type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { AdminHost } from './admin-host.ts'

/** What is known of whoever came. */
type Facts = Partial<Pick<GatewayEvent, 'subject' | 'tenant' | 'clientId' | 'clientName' | 'detail'>>

/** Records something that happened at the console. */
export function recordAdminEvent(
  { recorder, clock }: Pick<AdminHost, 'recorder' | 'clock'>,
  type: EventType,
  requestId: string,
  facts: Facts,
  refusal?: GatewayError,
): void {
  const event = Object.assign(newEvent(type, clock(), requestId), facts)
  if (refusal !== undefined) {
    const { declaration, reason, details, status } = refusal
    event.outcome = declaration.origin === 'client' ? 'denied' : 'failure'
    event.failureOrigin = declaration.origin
    event.reason = reason
    event.httpStatus = status
    event.detail = facts.detail ?? details.detail ?? null
  }
  recorder.record(event)
}
