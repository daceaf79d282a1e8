import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import { createSqliteSink } from '../analytics/sinks/sqlite.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { createAuditSink } from '../audit/audit-sink.ts'
import { randomId } from '../lib/random-id.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'

/** One thing that somebody did on the command line. */
export type Administration = { readonly type: EventType } & Partial<
  Pick<GatewayEvent, 'subject' | 'tenant' | 'clientId' | 'clientName' | 'upstream' | 'credentialMode'>
>

/** Writes actions of administration to the events and the audit trail beside those of the gateway, with the name of the operating system's user. */
export async function recordAdministration(
  storageDirectory: string,
  keepsAudit: boolean,
  actions: readonly Administration[],
): Promise<void> {
  const requestId = randomId()
  const detail = `by ${userName()} on the command line`
  const events = actions.map(({ type, ...facts }) =>
    Object.assign(newEvent(type, Date.now(), requestId), facts, { detail }),
  )
  const open = (file: string) => openDatabase(join(storageDirectory, file), { durability: 'full' })
  const sinks = [createSqliteSink(open('events.db'))]
  // The gateway signs what is appended here: the vault keys may not be at hand.
  if (keepsAudit) sinks.push(createAuditSink(AuditLog.open(open('audit.db'), Date.now), { toolCalls: false }))
  for (const sink of sinks) {
    try {
      await sink.write(events)
    } finally {
      await sink.close()
    }
  }
}

/** Who did what the command line did, where a subject is noted. */
export function nameOperator(): string {
  return `operator:${userName()}`
}

/** A container may run under a number that no user has. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
