import type { Clock } from '../../contracts/clock.ts'
import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import { BlockBuilder } from '../blocks/block-builder.ts'
import { listTableStatements } from '../blocks/block-tables.ts'
import { describeBlock, insertBlock, takeRows } from '../blocks/stored-blocks.ts'
import type { GatewayEvent } from '../event.ts'
import { convertRows } from './convert-rows.ts'

/**
 * Writes events to a database of its own, each batch as a block, in a transaction. The tables are created here. The sink owns the database and
 * closes it.
 */
export function createSqliteSink(
  database: SqlDatabase,
  clock: Clock = Date.now,
): EventSink<GatewayEvent, BlockBuilder> {
  transact(database, () => {
    for (const statement of listTableStatements('sqlite')) database.exec(statement)
    convertRows(database)
  })
  const [take, insert] = [database.prepare(takeRows), database.prepare(insertBlock)]
  return {
    name: 'sqlite',
    newBatch: () => new BlockBuilder(),
    write(batch) {
      const block = batch.finish()
      transact(database, () => {
        const lastRow = Number(take.get(block.events)?.row_id)
        insert.run(...describeBlock(lastRow - block.events + 1, block, clock()))
      })
    },
    close() {
      database.close()
    },
  }
}

function transact(database: SqlDatabase, work: () => void): void {
  database.exec('begin immediate')
  try {
    work()
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
