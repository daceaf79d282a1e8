import { type EventType, type GatewayEvent, newEvent } from '../../analytics/event.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import type { ConnectHost } from './connect-host.ts'

/** What an event about a connection says besides its upstream. */
export type ConnectFacts = Partial<Pick<GatewayEvent, 'subject' | 'tenant' | 'virtualServer' | 'detail'>>

/** Records a step of connecting; with a refusal, one that failed. */
export function recordConnectEvent(
  { recorder, clock }: Pick<ConnectHost, 'recorder' | 'clock'>,
  type: EventType,
  requestId: string,
  upstream: UpstreamSettings | undefined,
  facts: ConnectFacts,
  refusal?: GatewayError,
): void {
  const event = Object.assign(newEvent(type, clock(), requestId), facts)
  if (upstream !== undefined) {
    event.upstream = new URL(upstream.url).host
    event.credentialMode = upstream.mode
  }
  if (refusal !== undefined) {
    event.outcome = refusal.reason === 'connection_refused' ? 'denied' : 'failure'
    event.reason = refusal.reason
    event.failureOrigin = refusal.declaration.origin
    event.httpStatus = refusal.status
    event.detail = refusal.details.detail ?? event.detail
  }
  recorder.record(event)
}
