import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../contracts/clock.ts'
import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { BlockBatch } from '../blocks/block-batch.ts'
import type { EncodedBlock } from '../blocks/block-builder.ts'
import { prepareEventTables } from '../blocks/block-tables.ts'
import { describeBlock, insertBlockOnce, takeRows } from '../blocks/stored-blocks.ts'
import type { GatewayEvent } from '../event.ts'

/** A database that restarts is back within this time. Meanwhile the events wait in the bounded buffer. */
const tryForMs = 30_000
const firstPauseMs = 100
const longestPauseMs = 3000

export interface PostgresSinkOptions {
  /** A written batch survives a crash of the database, too. Default false. */
  readonly durable?: boolean
  readonly clock?: Clock
}

/** Writes events as blocks to PostgreSQL, what waits in one transaction. Makes the tables before the first one. Closes the pool. */
export function createPostgresSink(
  pool: SqlPool,
  { durable = false, clock = Date.now }: PostgresSinkOptions = {},
): EventSink<GatewayEvent, BlockBatch> {
  let prepared = false
  let closed = false
  const write = async (blocks: readonly EncodedBlock[]) => {
    if (!prepared) await prepareEventTables(pool)
    prepared = true
    await pool.write(async (session) => {
      // Else a commit is there for everybody at once, and on disk within a second.
      if (!durable) await session.run('set local synchronous_commit = off')
      await insertBlocks(session, blocks, clock())
    })
  }
  return {
    name: 'postgres',
    // A commit costs round trips and the time of a disk.
    joinsUpTo: 4096,
    newBatch: () => new BlockBatch(),
    join: (batches) => BlockBatch.join(batches),
    async write({ builders }) {
      const blocks = builders.map((builder) => builder.finish())
      const deadline = Date.now() + tryForMs
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        try {
          await write(blocks)
          return
        } catch (error) {
          if (closed || Date.now() + pauseMs > deadline) throw error
          await pause(pauseMs, undefined, { ref: false })
        }
      }
    },
    async close() {
      closed = true
      await pool.close()
    },
  }
}

async function insertBlocks(session: SqlSession, blocks: readonly EncodedBlock[], nowMs: number): Promise<void> {
  const events = blocks.reduce((sum, block) => sum + block.events, 0)
  const [taken] = await session.all(takeRows, [events])
  let firstRow = Number(taken?.row_id) - events + 1
  for (const block of blocks) {
    await session.run(insertBlockOnce, describeBlock(firstRow, block, nowMs))
    firstRow += block.events
  }
}
