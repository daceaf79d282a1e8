import type { OperationResult } from '../../../src/admin/api-types.ts'

/** One event as the admin API answers it. */
export type Exchange = OperationResult<'getEvent'>

/** Which events: every member must fit. The same names in the URL of the Traffic screen, in questions and in the live tail. */
export interface EventFilter {
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly family?: string
  readonly type?: string
  readonly tenant?: string
  readonly team?: string
  readonly virtualServer?: string
  readonly upstream?: string
  readonly subject?: string
  readonly clientId?: string
  readonly clientName?: string
  readonly clientVersion?: string
  readonly clientProtocol?: string
  readonly upstreamProtocol?: string
  readonly method?: string
  readonly capabilityType?: string
  readonly capability?: string
  readonly outcome?: string
  readonly failureOrigin?: string
  readonly reason?: string
  readonly jsonRpcCode?: number
  readonly credentialMode?: string
  readonly minLatencyMs?: number
}
