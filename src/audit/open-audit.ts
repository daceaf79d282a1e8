import type { GatewayEvent } from '../analytics/event.ts'
import type { AuditFilter, AuditTrail, AuditVerification } from '../contracts/audit.ts'
import type { Clock } from '../contracts/clock.ts'
import type { EventSink } from '../contracts/event-sink.ts'
import type { Logger } from '../contracts/logger.ts'
import type { SqlDatabase } from '../contracts/sql-database.ts'
import { fingerprintOf, type SigningKey } from '../lib/sign.ts'
import { AuditLog } from './audit-log.ts'
import { createAuditSink } from './audit-sink.ts'
import { type StoredEntry, showEntry } from './entry.ts'
import { type Expectation, verifyChain } from './verify-chain.ts'

/** How to open the audit trail. */
export interface AuditOptions {
  /** Opens the file `audit.db`; read-only ones are for verification. */
  readonly openDatabase: (options: { readonly readOnly: boolean }) => SqlDatabase
  readonly key: SigningKey
  readonly toolCalls: boolean
  readonly clock: Clock
  /** Told when entries cannot be written and wait. */
  readonly onTrouble?: (error: unknown) => void
}

/** The open audit trail of a gateway. */
export interface OpenedAudit {
  readonly trail: AuditTrail
  readonly sink: EventSink<GatewayEvent>
  /** Writes the head to the log and removes what is too old, from time to time and at the end. Returns how to stop. */
  keep(settings: AuditUpkeep, log: Logger): () => void
  close(): void
}

/** How an audit trail is kept. */
export interface AuditUpkeep {
  readonly anchorMinutes: number
  readonly retentionDays: number
}

/** Opens the audit trail. */
export function openAudit({ openDatabase, key, toolCalls, clock, onTrouble }: AuditOptions): OpenedAudit {
  const log = AuditLog.open(openDatabase({ readOnly: false }), clock, key)
  const fingerprint = fingerprintOf(key.publicKey)
  const verify = async () => {
    // Of its own, so that what it reads stands still while the gateway goes on writing.
    const database = openDatabase({ readOnly: true })
    try {
      return await verifyDatabase(database, { key: fingerprint })
    } finally {
      database.close()
    }
  }
  const sink = createAuditSink(log, { toolCalls, onTrouble })
  return {
    sink,
    trail: {
      async recordChange({ actor, tenant, operation, target, before, after, requestId = null }) {
        const fields = { actor, tenant, operation, target, before, after, requestId }
        sink.append([{ time: clock(), type: 'admin_changed', fields }])
      },
      read: async (filter: AuditFilter) => log.read(filter).map(showEntry),
      verify,
    },
    keep: (upkeep, logger) => keepAudit(log, fingerprint, upkeep, clock, logger),
    close: () => log.close(),
  }
}

/** Verifies what is in a database that is opened for reading. */
export async function verifyDatabase(database: SqlDatabase, expected: Expectation): Promise<AuditVerification> {
  const log = AuditLog.forReading(database)
  database.exec('begin')
  try {
    return await verifyChain(inTurns(log.entries()), log.segments(), expected)
  } finally {
    database.exec('commit')
  }
}

/** Lets the thread go after each page: a long trail takes seconds, and calls must not wait for it. */
async function* inTurns(entries: Iterable<StoredEntry>): AsyncGenerator<StoredEntry> {
  let read = 0
  for (const entry of entries) {
    yield entry
    read += 1
    if (read % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

const entriesPerTurn = 200

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

function keepAudit(log: AuditLog, key: string, upkeep: AuditUpkeep, clock: Clock, logger: Logger): () => void {
  const anchor = (): void => {
    try {
      log.prune(clock() - upkeep.retentionDays * dayMs)
      const { sequence, hash } = log.head
      if (sequence > 0) logger.info({ audit: { head: `${sequence}:${hash}`, key } }, 'audit trail: newest entry')
    } catch (error) {
      logger.error({ err: error }, 'the audit trail could not be kept')
    }
  }
  const timer = setInterval(anchor, upkeep.anchorMinutes * minuteMs).unref()
  return () => {
    clearInterval(timer)
    anchor()
  }
}
