import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { GatewayEvent } from './analytics/event.ts'
import type { GatewayEventStore } from './analytics/event-store.ts'
import { keepEvents } from './analytics/keep-events.ts'
import { createSqliteSink } from './analytics/sinks/sqlite.ts'
import { createThreadEventStore, type ThreadEventStore } from './analytics/thread-event-store.ts'
import type { Project } from './config/project.ts'
import type { EventSink } from './contracts/event-sink.ts'
import type { Logger } from './contracts/logger.ts'
import type { EventsThreadData } from './events-thread.ts'
import { openDatabase } from './storage/sqlite/open-database.ts'
import { openSqlitePool } from './storage/sqlite/sqlite-pool.ts'

type EventsSettings = Project['settings']['events']

/** Where the events of a gateway are written and read. */
export interface OpenEvents {
  readonly sink: EventSink<GatewayEvent>
  readonly store: ThreadEventStore
  /** Rolls up and forgets, until it is stopped. Only one process of a gateway does it. */
  keep(): () => Promise<void>
}

/** Opens the events of a project, in its SQLite file or in PostgreSQL. The latter is not asked before there is something to write. */
export async function openEvents(settings: EventsSettings, directory: string, log: Logger): Promise<OpenEvents> {
  const { sink, location, hasNews } = await openEventSink(settings, directory, log)
  const data: EventsThreadData = { store: location, prices: settings.prices }
  const program = new URL(`./events-thread${extname(import.meta.url)}`, import.meta.url)
  const store = createThreadEventStore(() => new Worker(program, { name: 'events', workerData: data }))
  const keptSince = () => ({
    eventsMs: Date.now() - settings.retentionDays * dayMs,
    rollUpsMs: Date.now() - settings.rollUpDays * dayMs,
  })
  return { sink, store, keep: () => keepEvents({ maintain: (kept) => store.maintain(kept), hasNews, keptSince, log }) }
}

/** A sink, and what is to know of its database. */
export interface OpenEventSink {
  readonly sink: EventSink<GatewayEvent>
  readonly location: EventsThreadData['store']
  readonly hasNews: () => boolean
}

/** Opens what writes events. `busyTimeoutMs`: how long a write to SQLite holds the thread while another process writes. */
export async function openEventSink(
  { postgres, store, durable }: Pick<EventsSettings, 'postgres' | 'store' | 'durable'>,
  directory: string,
  log: Pick<Logger, 'warn'>,
  busyTimeoutMs = 200,
): Promise<OpenEventSink> {
  if (store === 'postgres' && postgres) {
    // Only who uses PostgreSQL loads its client.
    const { createPostgresSink } = await import('./analytics/sinks/postgres.ts')
    const { openPostgresPool } = await import('./storage/postgres/postgres-pool.ts')
    const { url } = postgres
    const onError = (error: Error) => log.warn({ err: error }, 'a connection to the database of the events broke')
    const sink = createPostgresSink(openPostgresPool({ url, connections: 1, statementMs, onError }), { durable })
    return { sink, location: { kind: 'postgres', url: url.reveal() }, hasNews: () => true }
  }
  const path = join(directory, 'events.db')
  const database = openDatabase(path, { durability: durable ? 'full' : 'normal', busyTimeoutMs })
  // Fewer check-points write the same pages fewer times; 16 MiB of log are read through in no time.
  database.exec('pragma wal_autocheckpoint=4096')
  const sink = createSqliteSink(database)
  const latest = database.prepare("select row_id as last from event_progress where name = 'row'")
  let seen = latest.get()?.last
  const hasNews = () => {
    const { last = null } = latest.get() ?? {}
    const isNew = last !== seen
    seen = last
    return isNew
  }
  return { sink, location: { kind: 'sqlite', path }, hasNews }
}

/** Opens the events of a project for reading, beside a gateway that may be running on them. */
export async function openStoredEvents(
  { postgres, store, prices }: EventsSettings,
  directory: string,
): Promise<GatewayEventStore> {
  const openPool = async () => {
    if (store === 'sqlite' || !postgres) return openSqlitePool(join(directory, 'events.db'), { readOnly: true })
    const { openPostgresPool } = await import('./storage/postgres/postgres-pool.ts')
    // Who asks next is told what is wrong.
    return openPostgresPool({ url: postgres.url, connections: 1, onError: () => {} })
  }
  const { openEventStore } = await import('./analytics/database-event-store.ts')
  return openEventStore({ pool: await openPool(), prices: () => prices, clock: Date.now })
}

/** With `durable` answers wait for it, and a database that hangs would keep them. */
const statementMs = 30_000
const dayMs = 24 * 60 * 60 * 1000
