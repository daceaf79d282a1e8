import type { Exchange } from '../../contracts/exchange.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'

/** Where the list of a member goes on; null: at its beginning. */
export type MemberPlace = readonly [member: string, cursor: string | null]

/** Far longer than any real one; what is longer would make the next request too large. */
export const longestMemberCursor = 2048

/** One cursor for the places of several members. It works for this person, virtual server and method only. */
export function sealPlaces(
  sealer: TokenSealer,
  places: readonly MemberPlace[],
  method: string,
  exchange: Exchange,
): string {
  return sealer.seal(JSON.stringify(places), contextOf(method, exchange))
}

/** Undefined when it is not this person's, virtual server's or method's. */
export function openPlaces(
  sealer: TokenSealer,
  cursor: string,
  method: string,
  exchange: Exchange,
): readonly MemberPlace[] | undefined {
  const opened = sealer.open(cursor, contextOf(method, exchange))
  // Nobody but this gateway can have sealed it.
  return opened === undefined ? undefined : (JSON.parse(opened) as MemberPlace[])
}

function contextOf(method: string, { routeName, tenant, subject }: Exchange): string {
  return JSON.stringify(['aggregate-cursor', routeName, method, tenant, subject?.id])
}
