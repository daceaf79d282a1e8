import type { MessagePort } from 'node:worker_threads'
import type { SqlPool } from '../contracts/sql-pool.ts'
import { prepareEventTables } from './blocks/block-tables.ts'
import { mergeBlocks } from './blocks/merge-blocks.ts'
import { openEventStore } from './database-event-store.ts'
import type { GatewayEventStore } from './event-store.ts'
import type { KeptSince } from './keep-events.ts'
import type { Prices } from './prices.ts'
import { deleteOldEvents } from './retention.ts'
import { mergeParts, removeOldParts, rollUp } from './rollup/roll-up.ts'

/** What is asked of the thread: a member of the store, or `maintain`. */
export interface ThreadCall {
  readonly id: number
  readonly name: keyof GatewayEventStore | 'maintain'
  readonly args: readonly unknown[]
}

export interface ThreadAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Answers calls that come through `port`, reading and writing `pool`. */
export function serveEventsThread(port: MessagePort, pool: SqlPool, prices: Prices): void {
  const store = openEventStore({ pool, prices: () => prices, clock: Date.now })
  let prepared: Promise<void> | undefined
  const prepare = () => {
    prepared ??= prepareEventTables(pool).catch((error: unknown) => {
      prepared = undefined
      throw error
    })
    return prepared
  }
  const answer = async ({ name, args }: ThreadCall): Promise<unknown> => {
    await prepare()
    if (name === 'maintain') return maintainEvents(pool, args[0] as KeptSince)
    const call = store[name] as (...parameters: readonly unknown[]) => Promise<unknown>
    return call(...args)
  }
  port.on('message', (call: ThreadCall) => {
    answer(call).then(
      (result) => port.postMessage({ id: call.id, result } satisfies ThreadAnswer),
      (error: Error) => port.postMessage({ id: call.id, error: error.message } satisfies ThreadAnswer),
    )
  })
}

/** Everything that is done for the events now and then. What fails keeps nothing else from being done: a store that only grows would be the end. */
async function maintainEvents(pool: SqlPool, { eventsMs, rollUpsMs }: KeptSince): Promise<void> {
  const steps: readonly (() => Promise<unknown>)[] = [
    () => rollUp(pool),
    () => mergeParts(pool),
    () => mergeBlocks(pool, Date.now()),
    () => deleteOldEvents(pool, eventsMs),
    () => removeOldParts(pool, Math.min(rollUpsMs, eventsMs)),
  ]
  const failures: unknown[] = []
  for (const step of steps) await step().catch((error: unknown) => void failures.push(error))
  if (failures.length > 0) throw failures[0]
}
