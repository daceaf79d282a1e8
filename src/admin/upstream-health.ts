import type { ReasonCode } from '../errors/reasons.ts'
import { toIsoTime } from '../lib/iso-time.ts'
import type { AdminHost } from './admin-host.ts'

/** What recent events say of one upstream. */
export interface UpstreamHealth {
  readonly state: 'healthy' | 'degraded' | 'failing' | 'unknown'
  readonly windowMinutes: number
  readonly calls: number
  /** Those that began at the upstream. */
  readonly failures: number
  readonly lastSuccessAt: string | null
  readonly lastFailureAt: string | null
  readonly lastFailureReason: ReasonCode | null
}

/** How far back is looked. */
export const healthWindowMinutes = 60

/** From this share of failures on, an upstream is degraded, or failing. One failure alone says nothing yet. */
const degradedShare = 0.05
const failingShare = 0.5

/** How calls of the upstream at `host` (as events name it) went within the last hour. */
export async function readUpstreamHealth(upstream: string, { events, clock }: AdminHost): Promise<UpstreamHealth> {
  const sinceMs = clock() - healthWindowMinutes * 60_000
  const calls = { upstream, family: 'traffic', sinceMs } as const
  const failed = { ...calls, failureOrigin: 'upstream' } as const
  const [count, failures, success, failure] = await Promise.all([
    events().count(calls),
    events().count(failed),
    events().rows({ ...calls, outcome: 'success' }, { limit: 1 }),
    events().rows(failed, { limit: 1 }),
  ])
  const lastSuccess = success.items[0]?.event
  const lastFailure = failure.items[0]?.event
  const hasRecovered = (lastSuccess?.time ?? 0) > (lastFailure?.time ?? 0)
  return {
    state: judge(count, failures, hasRecovered),
    windowMinutes: healthWindowMinutes,
    calls: count,
    failures,
    lastSuccessAt: toIsoTime(lastSuccess?.time),
    lastFailureAt: toIsoTime(lastFailure?.time),
    lastFailureReason: lastFailure?.reason ?? null,
  }
}

function judge(calls: number, failures: number, hasRecovered: boolean): UpstreamHealth['state'] {
  if (calls === 0) return 'unknown'
  const share = failures / calls
  if (share >= failingShare && !hasRecovered) return 'failing'
  return share >= degradedShare ? 'degraded' : 'healthy'
}
