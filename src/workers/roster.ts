import type { Peer } from '../contracts/peers.ts'
import { addressOf } from '../lib/address-tokens.ts'
import { sha256 } from '../lib/hash.ts'

/** One process that serves. */
export interface RosterEntry extends Peer {
  /** Its place, from 0. Whoever is started in the place of one that ended has the same. */
  readonly slot: number
}

/** The processes that serve now. The same for everybody who has heard of the last change. */
export type Roster = readonly RosterEntry[]

/**
 * Rendezvous hashing over the places: when a process ends, what it had moves, and nothing else does; when another one takes its place, that
 * comes back. Undefined when nobody serves.
 */
export function findPlace(roster: Roster, key: string): RosterEntry | undefined {
  const ranked = roster.map((entry) => ({ entry, rank: sha256(`${entry.slot} ${key}`) }))
  return ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, each) => (best === undefined || each.rank > best.rank ? each : best),
    undefined,
  )?.entry
}

/** Who made an id that a client holds; else who took its place; else whoever everybody would choose. Undefined: the id does not say. */
export function findOwner(roster: Roster, id: string): RosterEntry | undefined {
  const made = addressOf(id)
  if (made === undefined) return undefined
  const inPlace = roster.find(({ slot }) => slot === made.slot)
  return inPlace ?? findPlace(roster, made.name)
}
