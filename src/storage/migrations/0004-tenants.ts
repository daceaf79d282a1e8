import { sql } from 'kysely'
import { defaultTenant } from '../../lib/tenant.ts'
import type { Migration } from './migration.ts'

/** Records of the authorization server belong to a tenant; those from before to the default one. */
export const tenantsMigration: Migration = {
  name: '0004-tenants',
  statements: ({ schema }) => [
    schema
      .alterTable('oauth_records')
      .addColumn('tenant', 'text', (column) => column.notNull().defaultTo(sql.lit(defaultTenant))),
  ],
}
