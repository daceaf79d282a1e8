import { oauthRecordsMigration } from './0001-oauth-records.ts'
import { apiKeysMigration } from './0002-api-keys.ts'
import { connectionsMigration } from './0003-connections.ts'
import { tenantsMigration } from './0004-tenants.ts'
import { configVersionsMigration } from './0005-config-versions.ts'
import type { Migration } from './migration.ts'

/** Every migration, oldest first. Its length is `schemaVersion`. */
export const migrations: readonly Migration[] = [
  oauthRecordsMigration,
  apiKeysMigration,
  connectionsMigration,
  tenantsMigration,
  configVersionsMigration,
]
