import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SqlDatabase } from '../contracts/sql-database.ts'
import { openDatabase } from '../storage/sqlite/open-database.ts'
import { newEvent } from './event.ts'
import { readEvents } from './read-events.ts'
import { startRetention } from './retention.ts'
import { createSqliteSink } from './sinks/sqlite.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

let directory: string
let database: SqlDatabase & { close(): void }
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-retention-'))
  database = openDatabase(join(directory, 'events.db'), { durability: 'normal', busyTimeoutMs: 200 })
})
afterEach(async () => {
  vi.useRealTimers()
  database.close()
  await rm(directory, { recursive: true, force: true })
})

it('removes every old event within a sweep, however many there are, and leaves the others', async () => {
  const events = Array.from({ length: 5500 }, (_, index) => newEvent('mcp_request_completed', index, String(index)))
  await createSqliteSink(database).write(events)
  vi.useFakeTimers()
  const stop = startRetention(database, () => 5400, quiet)
  await vi.advanceTimersByTimeAsync(60_000 + 1000)
  const left = readEvents(database, { limit: 10_000, afterRowId: 0 }).map(({ event }) => event.time)
  expect(left).toHaveLength(100)
  expect(Math.min(...left)).toBe(5400)
  stop()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(vi.getTimerCount()).toBe(0)
})
