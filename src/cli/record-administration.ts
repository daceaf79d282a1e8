import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { createAuditSink } from '../audit/audit-sink.ts'
import type { Settings } from '../config/project-schema.ts'
import type { EventSink } from '../contracts/event-sink.ts'
import { randomId } from '../lib/random-id.ts'
import { openEventSink } from '../open-events.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'

/** One thing that somebody did on the command line. */
export type Administration = { readonly type: EventType } & Partial<
  Pick<GatewayEvent, 'subject' | 'tenant' | 'clientId' | 'clientName' | 'upstream' | 'credentialMode'>
>

/** Nobody waits for this thread. */
const busyTimeoutMs = 5000

/** Writes actions of administration to the events and the audit trail beside those of the gateway, with the name of the operating system's user. */
export async function recordAdministration(
  storageDirectory: string,
  settings: Pick<Settings, 'events' | 'audit'>,
  actions: readonly Administration[],
): Promise<void> {
  const requestId = randomId()
  const detail = `by ${userName()} on the command line`
  const events = actions.map(({ type, ...facts }) =>
    Object.assign(newEvent(type, Date.now(), requestId), facts, { detail }),
  )
  const open = (file: string) => openDatabase(join(storageDirectory, file), { durability: 'full' })
  const warn = (_fields: object, message: string) => void process.stderr.write(`sallyport: ${message}\n`)
  const { sink } = await openEventSink({ ...settings.events, durable: true }, storageDirectory, { warn }, busyTimeoutMs)
  const sinks: EventSink<GatewayEvent>[] = [sink]
  // The gateway signs what is appended here: the vault keys may not be at hand.
  if (settings.audit.enabled)
    sinks.push(createAuditSink(AuditLog.open(open('audit.db'), Date.now), { toolCalls: false }))
  for (const sink of sinks) {
    try {
      const batch = sink.newBatch?.() ?? ([] as GatewayEvent[])
      for (const event of events) if (sink.wants?.(event) ?? true) batch.push(event)
      if (batch.length > 0) await sink.write(batch)
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
