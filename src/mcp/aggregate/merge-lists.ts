import type { JsonObject } from '../../lib/json.ts'
import { type ExposedMember, exposeEntry } from './expose-result.ts'
import { longestMemberCursor, type MemberPlace } from './list-cursor.ts'

/** One page of the list of one member. */
export interface MemberPage {
  readonly member: ExposedMember
  /** Where it was asked. */
  readonly place: MemberPlace
  readonly result: JsonObject
  /** It is what the member listed last, because it does not answer. */
  readonly isOld: boolean
}

/** One page of the whole list. */
export interface MergedPage {
  readonly entries: readonly JsonObject[]
  /** Where it goes on; empty: it is the last one. */
  readonly next: readonly MemberPlace[]
  readonly ttlMs: number
  readonly cacheScope: 'public' | 'private'
}

/**
 * Pages in the order of the configuration, each in the order of its member. A page that would make the list longer than `mostEntries`
 * comes with the next request, whole.
 */
export function mergeLists(list: string, pages: readonly MemberPage[], mostEntries: number): MergedPage {
  const entries: JsonObject[] = []
  const next: MemberPlace[] = []
  let ttlMs = Number.POSITIVE_INFINITY
  let isPublic = true
  for (const { member, place, result, isOld } of pages) {
    const listed: readonly unknown[] = Array.isArray(result[list]) ? result[list] : []
    if (entries.length > 0 && entries.length + listed.length > mostEntries) {
      next.push(place)
      continue
    }
    for (const entry of listed) {
      const exposed = exposeEntry(list, entry, member)
      if (exposed) entries.push(exposed)
    }
    const { nextCursor } = result
    if (typeof nextCursor === 'string' && nextCursor.length <= longestMemberCursor) {
      next.push([member.member, nextCursor])
    }
    ttlMs = Math.min(ttlMs, isOld || typeof result.ttlMs !== 'number' ? 0 : Math.max(result.ttlMs, 0))
    isPublic &&= !isOld && result.cacheScope === 'public'
  }
  return { entries, next, ttlMs: Number.isFinite(ttlMs) ? ttlMs : 0, cacheScope: isPublic ? 'public' : 'private' }
}
