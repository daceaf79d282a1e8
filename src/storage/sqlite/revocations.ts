import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import type { Revocation, Revocations } from '../../contracts/storage.ts'
import { runTransaction } from './run-transaction.ts'

/** A gateway asks every second; one that slept longer than this forgets everything. */
const keptMs = 24 * 60 * 60 * 1000

/** What was revoked lately, in the table `revocations`. */
export function createRevocations(database: SqlDatabase, clock: Clock): Revocations {
  const version = database.prepare('pragma data_version')
  const newest = database.prepare('select max(sequence) as cursor from revocations')
  const select = database.prepare('select sequence, kind, target from revocations where sequence > ? order by sequence')
  const add = prepareRevocation(database, clock)
  return {
    async add(revocations) {
      runTransaction(database, () => {
        for (const revocation of revocations) add(revocation)
      })
    },
    version: () => Number(version.get()?.data_version ?? 0),
    async latest() {
      return Number(newest.get()?.cursor ?? 0)
    },
    async readAfter(cursor) {
      const rows = select.all(cursor)
      const end = Number(newest.get()?.cursor ?? 0)
      const revocations = rows.map(
        ({ kind, target }): Revocation => ({ kind: kind as Revocation['kind'], id: String(target) }),
      )
      // Sequence numbers have no gaps: fewer rows than numbers means that old ones were removed.
      return { cursor: end, complete: rows.length === end - cursor, revocations }
    },
  }
}

/** A function that adds one revocation within the caller's transaction, and removes those that nobody needs any more. */
export function prepareRevocation(database: SqlDatabase, clock: Clock): (revocation: Revocation) => void {
  const insert = database.prepare(
    `insert into revocations (sequence, kind, target, created_at_ms)
     select coalesce(max(sequence), 0) + 1, ?, ?, ? from revocations`,
  )
  const forget = database.prepare('delete from revocations where created_at_ms < ?')
  return ({ kind, id }) => {
    const now = clock()
    insert.run(kind, id, now)
    // The newest stays: the next number is counted from it.
    forget.run(now - keptMs)
  }
}
