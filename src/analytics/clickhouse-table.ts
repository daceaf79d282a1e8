import { eventColumns } from './event-columns.ts'
import { equalFields } from './event-filter.ts'

/** Of what can be filtered by, nearly everything has few different values, which are stored once each. */
const manyValues: ReadonlySet<string> = new Set(['subject', 'jsonRpcCode'])
const fewValues: ReadonlySet<string> = new Set([...equalFields.filter((name) => !manyValues.has(name)), 'policy'])

const clickhouseTypes = { text: 'String', integer: 'Int64', real: 'Float64' } as const

const columns = eventColumns.map(({ name, sqlType, nullable, isBoolean }) => {
  const plain = isBoolean ? 'Bool' : clickhouseTypes[sqlType]
  const type = nullable ? `Nullable(${plain})` : plain
  return `${name} ${fewValues.has(name) ? `LowCardinality(${type})` : type}`
})

/** The statement that makes the table of `exports.clickhouse`, from the declaration of an event. */
export function describeClickhouseTable(database: string, table: string): string {
  return [
    `CREATE TABLE ${database}.${table}`,
    '(',
    [...columns.map((column) => `  ${column}`), '  at DateTime64(3) MATERIALIZED fromUnixTimestamp64Milli(time)'].join(
      ',\n',
    ),
    ')',
    'ENGINE = MergeTree',
    'PARTITION BY toYYYYMM(at)',
    'ORDER BY (tenant, type, time)',
    'TTL toDateTime(at) + INTERVAL 400 DAY',
    'SETTINGS non_replicated_deduplication_window = 1000;',
  ].join('\n')
}

/** The statement that gives a table of an earlier version the columns that came since. It may run any number of times. */
export function describeClickhouseColumns(database: string, table: string): string {
  const added = columns.map((column) => `  ADD COLUMN IF NOT EXISTS ${column}`)
  return [`ALTER TABLE ${database}.${table}`, `${added.join(',\n')};`].join('\n')
}
