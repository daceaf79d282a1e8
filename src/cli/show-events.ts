import { existsSync } from 'node:fs'
import { readEvents, type StoredEvent } from '../analytics/read-events.ts'
import type { SqlDatabase } from '../contracts/sql-database.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { UsageError } from './describe-error.ts'
import { formatEvent } from './format-event.ts'
import { formatEventSteps } from './format-event-steps.ts'
import { findEventsFile } from './open-store.ts'

/** Options of `sallyport events` as parsed. */
export interface EventsOptions {
  readonly follow?: boolean
  readonly json?: boolean
  /** Show the steps of each event. */
  readonly steps?: boolean
  readonly limit: number
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly tenant?: string
}

/** How often the database is read for new events, and how many at once. */
const followMilliseconds = 300
const followBatch = 1000

/** Prints the events of a project, and new ones until SIGINT with `follow`. */
export async function showEvents(directory: string, options: EventsOptions): Promise<void> {
  const path = await findEventsFile(directory)
  if (!existsSync(path)) throw new UsageError(`no events yet: there is no ${path}. Start the gateway first.`)
  const database = openDatabase(path, { readOnly: true })
  try {
    const stored = readEvents(database, { limit: options.limit, sinceMs: options.since, tenant: options.tenant })
    print(stored, options)
    if (options.follow) await follow(database, stored.at(-1)?.rowId ?? 0, options)
  } finally {
    database.close()
  }
}

async function follow(database: SqlDatabase, lastRowId: number, options: EventsOptions): Promise<void> {
  let afterRowId = lastRowId
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    const stored = readEvents(database, {
      limit: followBatch,
      afterRowId,
      sinceMs: options.since,
      tenant: options.tenant,
    })
    afterRowId = stored.at(-1)?.rowId ?? afterRowId
    print(stored, options)
  }, followMilliseconds)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  // `sallyport events --follow | head` closes the pipe.
  process.stdout.once('error', stop)
  await stopped
  clearInterval(timer)
}

function print(stored: readonly StoredEvent[], { json, steps }: EventsOptions): void {
  if (stored.length === 0) return
  const lines = stored.flatMap(({ event }) => {
    if (json) return JSON.stringify(event)
    const line = `${formatTime(event.time)}  ${formatEvent(event, process.stdout)}`
    return steps ? [line, ...formatEventSteps(event.steps, process.stdout)] : line
  })
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** In UTC, which the Z says: the log of `dev` shows local time. */
function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ')
}
