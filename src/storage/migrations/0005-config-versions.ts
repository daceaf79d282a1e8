import type { Migration } from './migration.ts'

/** Versions of the files of the project. */
export const configVersionsMigration: Migration = {
  name: '0005-config-versions',
  statements: ({ schema }) => [
    schema
      .createTable('config_versions')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('actor', 'text')
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('note', 'text')
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('changes', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull()),
  ],
}
