import type { ConnectionRecord } from '../contracts/storage.ts'
import { ownerOf, sharedOwner } from '../credentials/connections.ts'
import { describeConnection } from '../credentials/describe-connection.ts'
import { formatTime, printAnswer } from './command-group.ts'
import { formatTable } from './format-table.ts'
import { withStore } from './open-store.ts'

interface ListOptions {
  readonly subject?: string
  readonly shared?: boolean
  readonly upstream?: string
  readonly tenant?: string
  readonly json?: boolean
}

const mostListed = 100_000

/** Lists the connections that fit every filter, newest first; never a credential. */
export async function listConnections(directory: string, options: ListOptions): Promise<void> {
  const { tenant, upstream, subject, shared, json } = options
  const owner = shared ? sharedOwner : subject === undefined ? undefined : ownerOf(subject)
  const filter = { tenant, upstream, owner, limit: mostListed }
  const records = await withStore(directory, ({ storage }) => storage.connections.list(filter))
  const text = records.length === 0 ? 'no connections' : formatConnections(records)
  printAnswer(json, records.map(describeConnection), text)
}

function formatConnections(records: readonly ConnectionRecord[]): string {
  return formatTable(
    ['UPSTREAM', 'OWNER', 'TENANT', 'STATE', 'SCOPES', 'CONNECTED', 'LAST USED'],
    records.map(({ upstream, owner, tenant, state, scopes, createdAtMs, lastUsedAtMs }) => [
      upstream,
      owner === sharedOwner ? 'everybody' : owner.replace(/^subject:/, ''),
      tenant,
      state === 'connected' ? 'connected' : 'connect again',
      scopes.join(' ') || '–',
      formatTime(createdAtMs),
      formatTime(lastUsedAtMs),
    ]),
  )
}
