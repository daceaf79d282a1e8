import type { Migration } from './migration.ts'

/** Links to upstreams, the gateway's registrations at their authorization servers, and what they listed last. */
export const connectionsMigration: Migration = {
  name: '0003-connections',
  statements: ({ schema }) => [
    schema
      .createTable('connections')
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('upstream', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('generation', 'bigint', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('state_reason', 'text')
      .addColumn('issuer', 'text')
      .addColumn('resource', 'text')
      .addColumn('client_id', 'text')
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('connected_by', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('expires_at_ms', 'bigint')
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at_ms', 'bigint')
      .addColumn('lease_holder', 'text')
      .addColumn('lease_until_ms', 'bigint')
      .addPrimaryKeyConstraint('connections_pk', ['tenant', 'upstream', 'owner']),
    schema.createIndex('connections_by_owner').on('connections').columns(['owner', 'tenant']),
    schema
      .createTable('upstream_clients')
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('redirect_uri', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('expires_at_ms', 'bigint')
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('upstream_clients_pk', ['tenant', 'issuer', 'redirect_uri']),
    schema
      .createTable('known_catalogs')
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('virtual_server', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('method', 'text', (column) => column.notNull())
      .addColumn('result', 'text', (column) => column.notNull())
      .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('known_catalogs_pk', ['tenant', 'virtual_server', 'owner', 'method']),
  ],
}
