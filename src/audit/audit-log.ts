import type { AuditFilter } from '../contracts/audit.ts'
import type { Clock } from '../contracts/clock.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../contracts/sql-database.ts'
import { createSigner, type SigningKey } from '../lib/sign.ts'
import { type AuditDraft, type ChainHead, chainEntry, emptyChain, redactEntry, type StoredEntry } from './entry.ts'
import { findPersonalFields, personalFields } from './personal-fields.ts'
import { type Segment, segmentText } from './segment.ts'

/** Entries that are read at once. */
const pageSize = 200

/**
 * The chain of entries in a database of its own. Several processes may append at once: each transaction holds the write lock from its
 * beginning. With a key, every append ends with a signature over all entries that have none yet; without one (the command line may not have
 * the vault keys) the next process that has a key signs them.
 */
export class AuditLog {
  readonly #database: SqlDatabase
  readonly #clock: Clock
  readonly #publicKey: string | undefined
  readonly #sign: ((text: string) => string) | undefined

  private constructor(database: SqlDatabase, clock: Clock, key?: SigningKey) {
    this.#database = database
    this.#clock = clock
    this.#publicKey = key?.publicKey
    this.#sign = key && createSigner(key)
  }

  /** Opens the log for appending; its tables are made where they are missing. */
  static open(database: SqlDatabase, clock: Clock, key?: SigningKey): AuditLog {
    prepareTables(database)
    return new AuditLog(database, clock, key)
  }

  /** Reads from a database that was opened for reading. */
  static forReading(database: SqlDatabase): AuditLog {
    return new AuditLog(database, Date.now)
  }

  /** Appends entries in this order, durably and all together. Returns the new head. */
  append(drafts: readonly AuditDraft[]): ChainHead {
    return this.#transact(() => this.#append(drafts))
  }

  /** The newest entry. */
  get head(): ChainHead {
    const row = this.#database.prepare('select sequence, hash from audit_entries order by sequence desc limit 1').get()
    return row === undefined ? emptyChain : { sequence: Number(row.sequence), hash: String(row.hash) }
  }

  /** What an entry follows; undefined for the first of all, or when the chain does not say it any more. */
  before({ sequence }: StoredEntry): ChainHead | undefined {
    const kept = this.#database.prepare('select sequence, hash from audit_entries where sequence = ?').get(sequence - 1)
    if (kept !== undefined) return { sequence: sequence - 1, hash: String(kept.hash) }
    const pruned = this.#database
      .prepare(
        `select ${fieldOf('hash')} as hash from audit_entries where type = 'audit_pruned' and ${fieldOf('upTo')} = ? limit 1`,
      )
      .get(sequence - 1)
    return pruned === undefined ? undefined : { sequence: sequence - 1, hash: String(pruned.hash) }
  }

  /** Newest first. */
  read({ limit, beforeSequence, subject, type, tenant, sinceMs }: AuditFilter): readonly StoredEntry[] {
    const conditions: [sql: string, ...values: SqlValue[]][] = []
    if (beforeSequence !== undefined) conditions.push(['sequence < ?', beforeSequence])
    if (subject !== undefined)
      conditions.push([`(${fieldOf('subject')} = ? or ${fieldOf('actor')} = ?)`, subject, subject])
    if (tenant !== undefined) conditions.push([`${fieldOf('tenant')} = ?`, tenant])
    if (type !== undefined) conditions.push(['type = ?', type])
    if (sinceMs !== undefined) conditions.push(['time >= ?', sinceMs])
    const where = conditions.map(([sql]) => sql).join(' and ') || 'true'
    const values = conditions.flatMap(([, ...bound]) => bound)
    return this.#database
      .prepare(`select * from audit_entries where ${where} order by sequence desc limit ?`)
      .all(...values, limit)
      .map(readEntry)
  }

  /** All entries, oldest first. */
  *entries(): Generator<StoredEntry> {
    const select = this.#database.prepare('select * from audit_entries where sequence > ? order by sequence limit ?')
    let after = 0
    for (;;) {
      const page = select.all(after, pageSize).map(readEntry)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = last.sequence
    }
  }

  /** All segments, oldest first. */
  *segments(): Generator<Segment> {
    const select = this.#database.prepare('select * from audit_segments where last > ? order by last limit ?')
    let after = 0
    for (;;) {
      const page = select.all(after, pageSize).map(readSegment)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = last.last
    }
  }

  /**
   * Removes what entries say of a subject, for good: of its own everything personal, of those of others what names it. What happened stays, and
   * so does the chain. Says so in an entry of its own. Returns how many entries were redacted.
   */
  redact(subject: string, actor: string): number {
    const update = this.#database.prepare('update audit_entries set fields = ? where sequence = ?')
    return this.#transact(() => {
      let redacted = 0
      for (const entry of this.#naming(subject)) {
        const names = findPersonalFields(entry, subject)
        if (names.size === 0) continue
        redacted += 1
        update.run(JSON.stringify(redactEntry(entry, names).fields), entry.sequence)
      }
      if (redacted > 0) {
        const fields = { actor, entries: redacted, fields: [...personalFields] }
        this.#append([{ time: this.#clock(), type: 'audit_redacted', fields }])
      }
      return redacted
    })
  }

  /** Entries with this text somewhere. */
  #naming(text: string): readonly StoredEntry[] {
    return this.#database
      .prepare('select * from audit_entries where instr(fields, ?) > 0')
      .all(JSON.stringify(text).slice(1, -1))
      .map(readEntry)
  }

  /** Removes entries from before `beforeMs`, whole segments only, and says so in an entry that the rest of the chain is verified against. */
  prune(beforeMs: number): number {
    return this.#transact(() => {
      const segment = this.#database
        .prepare('select last, hash from audit_segments where time < ? order by last desc limit 1')
        .get(beforeMs)
      if (segment === undefined) return 0
      const upTo = Number(segment.last)
      const removed = this.#database.prepare('delete from audit_entries where sequence <= ?').run(upTo).changes
      this.#database.prepare('delete from audit_segments where last <= ?').run(upTo)
      if (Number(removed) === 0) return 0
      const fields = { upTo, hash: String(segment.hash) }
      this.#append([{ time: this.#clock(), type: 'audit_pruned', fields }], { sequence: upTo, hash: fields.hash })
      return Number(removed)
    })
  }

  close(): void {
    this.#database.close()
  }

  #append(drafts: readonly AuditDraft[], emptyHead: ChainHead = emptyChain): ChainHead {
    const insert = this.#database.prepare(
      'insert into audit_entries (sequence, time, type, fields, hash) values (?, ?, ?, ?, ?)',
    )
    let head = this.head.sequence === 0 ? emptyHead : this.head
    for (const draft of drafts) {
      const { sequence, time, type, fields, hash } = chainEntry(head, draft)
      insert.run(sequence, time, type, JSON.stringify(fields), hash)
      head = { sequence, hash }
    }
    this.#signUpTo(head, emptyHead.sequence)
    return head
  }

  #signUpTo(head: ChainHead, pruned: number): void {
    if (this.#sign === undefined || this.#publicKey === undefined) return
    const newest = this.#database.prepare('select max(last) as last from audit_segments').get()
    const first = Math.max(Number(newest?.last ?? 0), pruned) + 1
    if (first > head.sequence) return
    const segment = { first, last: head.sequence, hash: head.hash, time: this.#clock() }
    this.#database
      .prepare('insert into audit_segments (first, last, hash, time, public_key, signature) values (?, ?, ?, ?, ?, ?)')
      .run(first, segment.last, segment.hash, segment.time, this.#publicKey, this.#sign(segmentText(segment)))
  }

  #transact<T>(statements: () => T): T {
    this.#database.exec('begin immediate')
    try {
      const result = statements()
      this.#database.exec('commit')
      return result
    } catch (error) {
      this.#database.exec('rollback')
      throw error
    }
  }
}

const fieldOf = (name: 'subject' | 'actor' | 'tenant' | 'hash' | 'upTo') => `json_extract(fields, '$.${name}.value')`

function prepareTables(database: SqlDatabase): void {
  database.exec(`
    create table if not exists audit_entries (
      sequence integer primary key, time integer not null, type text not null, fields text not null, hash text not null);
    create index if not exists audit_entries_by_subject on audit_entries (${fieldOf('subject')});
    create index if not exists audit_entries_by_actor on audit_entries (${fieldOf('actor')});
    create table if not exists audit_segments (
      last integer primary key, first integer not null, hash text not null, time integer not null,
      public_key text not null, signature text not null)`)
}

function readEntry(row: SqlRow): StoredEntry {
  return {
    sequence: Number(row.sequence),
    time: Number(row.time),
    type: String(row.type),
    // Nobody but an AuditLog can have written it, and `verify` notices who did all the same.
    fields: JSON.parse(String(row.fields)) as StoredEntry['fields'],
    hash: String(row.hash),
  }
}

function readSegment(row: SqlRow): Segment {
  return {
    first: Number(row.first),
    last: Number(row.last),
    hash: String(row.hash),
    time: Number(row.time),
    publicKey: String(row.public_key),
    signature: String(row.signature),
  }
}
