import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Records of the authorization server, and the sealed values of the gateway itself. */
export const oauthRecordsMigration: Migration = {
  name: '0001-oauth-records',
  statements: ({ schema }) => [
    schema
      .createTable('oauth_records')
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('id_hash', 'text', (column) => column.notNull())
      .addColumn('grant_id', 'text')
      .addColumn('uid', 'text')
      .addColumn('payload', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('expires_at_ms', 'bigint')
      .addColumn('consumed_at_ms', 'bigint')
      .addPrimaryKeyConstraint('oauth_records_pk', ['model', 'id_hash']),
    // Most records have no uid and clients have no grant: partial indexes keep their writes cheap.
    schema
      .createIndex('oauth_records_by_grant')
      .on('oauth_records')
      .column('grant_id')
      .where(sql.ref('grant_id'), 'is not', null),
    schema
      .createIndex('oauth_records_by_uid')
      .on('oauth_records')
      .columns(['uid', 'model'])
      .where(sql.ref('uid'), 'is not', null),
    schema
      .createIndex('oauth_records_by_expiry')
      .on('oauth_records')
      .column('expires_at_ms')
      .where(sql.ref('expires_at_ms'), 'is not', null),
    schema.createIndex('oauth_records_by_age').on('oauth_records').columns(['model', 'created_at_ms', 'expires_at_ms']),
    schema
      .createTable('sealed_values')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull()),
  ],
}
