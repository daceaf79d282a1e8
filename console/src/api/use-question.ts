import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query'
import type { z } from 'zod'
import type { anomalies } from '../../../src/analytics/questions/anomalies.ts'
import type { cost } from '../../../src/analytics/questions/cost.ts'
import type { latency } from '../../../src/analytics/questions/latency.ts'
import type { latencyOverTime } from '../../../src/analytics/questions/latency-over-time.ts'
import type { outcomesOverTime } from '../../../src/analytics/questions/outcomes-over-time.ts'
import type { successRate } from '../../../src/analytics/questions/success-rate.ts'
import type { topCapabilities } from '../../../src/analytics/questions/top-capabilities.ts'
import { callAdmin } from './call-admin.ts'
import type { EventFilter } from './event-filter.ts'

/** Questions that list what there is most of: their answers have one shape. */
export type ListQuestion =
  | 'top-capabilities'
  | 'top-subjects'
  | 'top-teams'
  | 'top-tenants'
  | 'top-virtual-servers'
  | 'top-upstreams'
  | 'top-clients'
  | 'client-versions'
  | 'protocol-eras'
  | 'methods'
  | 'event-types'
  | 'reason-codes'
  | 'json-rpc-codes'
  | 'failure-origins'
  | 'credential-modes'
  | 'slowest-tools'
  | 'failing-tools'

interface OtherQuestions {
  readonly 'success-rate': typeof successRate
  readonly latency: typeof latency
  readonly 'outcomes-over-time': typeof outcomesOverTime
  readonly 'latency-over-time': typeof latencyOverTime
  readonly cost: typeof cost
  readonly anomalies: typeof anomalies
}

type Declared<Name> = Name extends keyof OtherQuestions ? OtherQuestions[Name] : typeof topCapabilities

/** What the console asks about the events. */
export type QuestionName = ListQuestion | keyof OtherQuestions

/** What a question answers. */
export type AnswerOf<Name extends QuestionName> = z.output<Declared<Name>['answer']>

interface AskOptions {
  /** Parameters besides the filter. */
  readonly params?: { readonly limit?: number; readonly orderBy?: string; readonly by?: string }
  readonly enabled?: boolean
}

/** Asks a question about the events that fit a filter, again every quarter of a minute. */
export function useQuestion<Name extends QuestionName>(
  name: Name,
  filter: EventFilter,
  { params = {}, enabled = true }: AskOptions = {},
): UseQueryResult<AnswerOf<Name>, Error> {
  return useQuery({
    queryKey: ['askQuestion', name, filter, params],
    queryFn: async ({ signal }) =>
      (await callAdmin('askQuestion', { params: { name }, query: { ...filter, ...params }, signal })) as AnswerOf<Name>,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
    enabled,
  })
}
