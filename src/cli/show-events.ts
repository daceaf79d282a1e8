import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { GatewayEvent } from '../analytics/event.ts'
import { type EventFilter, eventFilter } from '../analytics/event-filter.ts'
import type { GatewayEventStore } from '../analytics/event-store.ts'
import type { StoredEvent } from '../contracts/event-store.ts'
import { UsageError } from './describe-error.ts'
import { formatEvent } from './format-event.ts'
import { formatEventSteps } from './format-event-steps.ts'
import { openProjectEvents } from './open-store.ts'

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
  /** Fields of the filter with their values. */
  readonly where?: { readonly [field: string]: string }
}

/** How often the store is asked for new events, and for how many at once. */
const followMilliseconds = 300
const followBatch = 1000

/** Prints the events of a project, and new ones until SIGINT with `follow`. */
export async function showEvents(directory: string, options: EventsOptions): Promise<void> {
  const filter = readFilter(options)
  const store = await openProjectEvents(directory)
  try {
    const start = await store.after(undefined, filter, 0)
    const { items } = await store.rows(filter, { limit: options.limit })
    print(items.toReversed(), options)
    if (options.follow) await follow(store, items[0]?.cursor ?? start.next, filter, options)
  } finally {
    await store.close()
  }
}

function readFilter({ where, since, tenant }: EventsOptions): EventFilter {
  const parsed = z.strictObject(eventFilter.shape).safeParse({ sinceMs: since, tenant, ...where })
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '))
  throw new UsageError(`--where: ${issues.join('; ')}. Fields: ${Object.keys(eventFilter.shape).join(', ')}`)
}

async function follow(
  store: GatewayEventStore,
  from: string,
  filter: EventFilter,
  options: EventsOptions,
): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<'stopped'>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop('stopped'))
  // `sallyport events --follow | head` closes the pipe.
  process.stdout.once('error', () => stop('stopped'))
  for (let cursor = from; ; ) {
    const { items, next } = await store.after(cursor, filter, followBatch)
    cursor = next
    print(items, options)
    if ((await Promise.race([stopped, pause(followMilliseconds)])) === 'stopped') return
  }
}

function print(stored: readonly StoredEvent<GatewayEvent>[], { json, steps }: EventsOptions): void {
  if (stored.length === 0) return
  const lines = stored.flatMap(({ event }) => {
    if (json) return JSON.stringify(event)
    const line = `${formatTime(event.time)}  ${formatEvent(event, process.stdout)}`
    return steps ? [line, ...formatEventSteps(event, process.stdout)] : line
  })
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** In UTC, which the Z says: the log of `dev` shows local time. */
function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ')
}
