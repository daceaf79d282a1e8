import type { GatewayEvent } from '../analytics/event.ts'
import type { EventSink } from '../contracts/event-sink.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditDraft } from './entry.ts'
import { auditDraftOf } from './select-events.ts'

/** Entries that wait for the disk to take them again; beyond it the batch is given back as lost, which is counted and logged. */
const mostWaiting = 10_000

/** Appends what matters of the events to the audit trail. What could not be written is tried again with the next batch. */
export function createAuditSink(log: AuditLog, options: { readonly toolCalls: boolean }): EventSink<GatewayEvent> {
  let waiting: AuditDraft[] = []
  return {
    name: 'audit',
    write(events) {
      const drafts = events.flatMap((event) => auditDraftOf(event, options) ?? [])
      if (waiting.length + drafts.length === 0) return
      const all = [...waiting, ...drafts]
      try {
        log.append(all)
        waiting = []
      } catch (error) {
        if (all.length > mostWaiting) throw error
        waiting = all
      }
    },
    close() {
      if (waiting.length > 0) log.append(waiting)
    },
  }
}
