import type { Migration } from './migration.ts'

/** Consumers with their API keys, and what was revoked lately. */
export const apiKeysMigration: Migration = {
  name: '0002-api-keys',
  statements: ({ schema }) => [
    schema
      .createTable('consumers')
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('metadata', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('consumers_pk', ['tenant', 'name']),
    schema
      .createTable('api_keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('key_hash', 'text', (column) => column.notNull().unique())
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('consumer', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('expires_at_ms', 'bigint')
      .addColumn('revoked_at_ms', 'bigint')
      .addColumn('last_used_at_ms', 'bigint'),
    schema.createIndex('api_keys_by_consumer').on('api_keys').columns(['tenant', 'consumer']),
    schema
      .createTable('revocations')
      .addColumn('sequence', 'bigint', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull()),
    schema.createIndex('revocations_by_age').on('revocations').column('created_at_ms'),
  ],
}
