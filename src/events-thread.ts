import { parentPort, workerData } from 'node:worker_threads'
import type { Prices } from './analytics/prices.ts'
import { serveEventsThread } from './analytics/serve-events-thread.ts'
import { Secret } from './lib/secret.ts'
import { openSqlitePool } from './storage/sqlite/sqlite-pool.ts'

/** Where the events are, and what calls cost. The URL is not a `Secret` only on its way between the threads. */
export interface EventsThreadData {
  readonly store:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string }
  readonly prices: Prices
}

const { store, prices } = workerData as EventsThreadData
if (parentPort) serveEventsThread(parentPort, await openPool(), prices)

async function openPool() {
  if (store.kind === 'sqlite') return openSqlitePool(store.path, {})
  const { openPostgresPool } = await import('./storage/postgres/postgres-pool.ts')
  // Broken connections are replaced; who asks next is told when that does not work either.
  return openPostgresPool({ url: new Secret(store.url), connections: 3, onError: () => {} })
}
