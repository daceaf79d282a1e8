import type { RequestLimits } from '../../http/limit-requests.ts'

/** Kinds of requests to the authorization server that cost something: a stored record, a signature check, a page. */
export type LimitedKind = 'register' | 'document' | 'authorize' | 'page' | 'token' | 'metadata'

/**
 * Generous: one developer's tools register many times (opencode at every listing), and a hosted connector serves many people from
 * few addresses. They bound what a flood can store (a sign-in that nobody finishes is kept for an hour) and cost.
 */
export const defaultRequestLimits: Readonly<Record<LimitedKind, RequestLimits>> = {
  register: { perAddress: 300, total: 3_000, windowSeconds: 600 },
  document: { perAddress: 300, total: 3_000, windowSeconds: 600 },
  authorize: { perAddress: 1_000, total: 10_000, windowSeconds: 600 },
  page: { perAddress: 3_000, total: 30_000, windowSeconds: 600 },
  token: { perAddress: 10_000, total: 100_000, windowSeconds: 600 },
  metadata: { perAddress: 10_000, total: 100_000, windowSeconds: 600 },
}
