import type { GatewayEvent } from '../analytics/event.ts'
import type { ListSink, SinkTrouble } from '../contracts/event-sink.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditDraft } from './entry.ts'
import { auditDraftOf, isAudited } from './select-events.ts'

/** Entries that wait for the disk to take them again; beyond it the batch is given back as lost, which is counted and logged. */
const mostWaiting = 10_000

/** What becomes a part of the trail. */
export interface AuditSinkOptions {
  readonly toolCalls: boolean
  /** Told once, until the disk takes entries again. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

/** Where the entries of a process come together. */
export interface AuditSink extends ListSink<GatewayEvent> {
  /** Appends entries after those that wait. Throws when the disk does not take them and too many wait already. */
  append(drafts: readonly AuditDraft[]): void
}

/** Appends what matters of the events to the audit trail. What could not be written is tried again with what comes next. */
export function createAuditSink(log: AuditLog, options: AuditSinkOptions): AuditSink {
  let waiting: readonly AuditDraft[] = []
  let trouble: SinkTrouble | undefined
  const note = (error: unknown) => {
    if (trouble === undefined) options.onTrouble?.(error)
    trouble ??= { sinceMs: Date.now(), message: error instanceof Error ? error.message : String(error) }
  }
  const append = (drafts: readonly AuditDraft[]) => {
    if (waiting.length + drafts.length === 0) return
    const all = [...waiting, ...drafts]
    try {
      log.append(all)
      waiting = []
      trouble = undefined
    } catch (error) {
      note(error)
      if (all.length > mostWaiting) throw error
      waiting = all
    }
  }
  return {
    name: 'audit',
    get trouble() {
      return trouble
    },
    append,
    wants: (event) => isAudited(event, options),
    write: (events) => append(events.flatMap((event) => auditDraftOf(event, options) ?? [])),
    close() {
      if (waiting.length > 0) log.append(waiting)
    },
  }
}
