import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import { createSqliteSink } from '../analytics/sinks/sqlite.ts'
import { randomId } from '../lib/random-id.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'

/** One thing that somebody did on the command line. */
export type Administration = { readonly type: EventType } & Partial<
  Pick<GatewayEvent, 'subject' | 'tenant' | 'clientId' | 'clientName' | 'upstream' | 'credentialMode'>
>

/** Writes actions of administration to the events beside those of the gateway, with the name of the operating system's user. */
export async function recordAdministration(
  storageDirectory: string,
  actions: readonly Administration[],
): Promise<void> {
  const requestId = randomId()
  const detail = `by ${userName()} on the command line`
  const sink = createSqliteSink(openDatabase(join(storageDirectory, 'events.db'), { durability: 'full' }))
  try {
    await sink.write(
      actions.map(({ type, ...facts }) => Object.assign(newEvent(type, Date.now(), requestId), facts, { detail })),
    )
  } finally {
    await sink.close()
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
