import { join } from 'node:path'
import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import type { Storage } from '../../contracts/storage.ts'
import { schemaVersion } from '../migrations/schema-version.ts'
import { StorageError } from '../storage-error.ts'
import { createApiKeys } from './api-keys.ts'
import { createConfigVersions } from './config-versions.ts'
import { createConnections } from './connections.ts'
import { createKnownCatalogs } from './known-catalogs.ts'
import { createOAuthRecords } from './oauth-records.ts'
import { openDatabase } from './open-database.ts'
import { createRevocations } from './revocations.ts'
import { readSchemaVersion } from './schema-version.ts'
import { createSealedValues } from './sealed-values.ts'
import { createUpstreamClients } from './upstream-clients.ts'

/**
 * Opens the embedded store `sallyport.db` in `directory`, creating or upgrading it where needed. Every write is on disk
 * when its promise resolves. Several processes may open it at once. Throws a `StorageError` that says what to do.
 */
export async function openStorage(directory: string, clock: Clock = Date.now): Promise<Storage> {
  const path = join(directory, 'sallyport.db')
  const database = openDatabase(path, { durability: 'full' })
  try {
    await upgradeSchema(path, database)
    return createStorage(database, clock)
  } catch (error) {
    database.close()
    throw error
  }
}

async function upgradeSchema(path: string, database: SqlDatabase): Promise<void> {
  const version = readSchemaVersion(database)
  if (version === schemaVersion) return
  if (version > schemaVersion) {
    throw new StorageError(
      `The database ${path} was written by a newer Sallyport (schema ${version}; this version knows ${schemaVersion}). ` +
        'Start that version again, or restore the backup made before the upgrade.',
    )
  }
  // Loading the query builder costs over 100 ms, so only a store that needs an upgrade pays for it.
  const { migrateDatabase } = await import('./migrate-database.ts')
  migrateDatabase(database)
}

function createStorage(database: SqlDatabase, clock: Clock): Storage {
  let open = true
  return {
    oauth: createOAuthRecords(database, clock),
    sealed: createSealedValues(database, clock),
    apiKeys: createApiKeys(database, clock),
    revocations: createRevocations(database, clock),
    connections: createConnections(database, clock),
    upstreamClients: createUpstreamClients(database),
    knownCatalogs: createKnownCatalogs(database),
    configVersions: createConfigVersions(database),
    async close() {
      if (open) database.close()
      open = false
    },
  }
}
