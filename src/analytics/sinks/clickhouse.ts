import type { ListSink } from '../../contracts/event-sink.ts'
import { randomId } from '../../lib/random-id.ts'
import type { Secret } from '../../lib/secret.ts'
import type { GatewayEvent } from '../event.ts'
import { Delivery } from './delivery.ts'
import { formatEventJson } from './format-event-json.ts'
import type { WebhookHost } from './webhook.ts'

/** `exports.clickhouse`. */
export interface ClickhouseOptions {
  readonly url: string
  readonly database: string
  readonly table: string
  readonly user: string
  readonly password?: Secret | undefined
  readonly maxWaiting: number
}

/** The database wants few and large inserts. They are only as large as what came while the one before ran. */
const rowsPerInsert = 10_000

/**
 * Inserts events over the HTTP interface of ClickHouse, a batch per insert (JSONEachRow). A batch that is sent again carries the same token, so
 * that the table takes it once; columns that an older table does not have are left out.
 */
export function createClickhouseSink(options: ClickhouseOptions, host: WebhookHost): ListSink<GatewayEvent> {
  const { url, user, password, maxWaiting } = options
  const headers = {
    'content-type': 'application/x-ndjson',
    'x-clickhouse-user': user,
    ...(password && { 'x-clickhouse-key': password.reveal() }),
  }
  const target = insertUrl(url, options)
  let token = ''
  const delivery = new Delivery({
    ...host,
    url: target.href,
    post: (_, request) => {
      target.searchParams.set('insert_deduplication_token', token)
      return host.post(target.href, request)
    },
  })
  return {
    name: 'clickhouse',
    maxWaiting,
    joinsUpTo: rowsPerInsert,
    get trouble() {
      return delivery.trouble
    },
    async write(events) {
      token = randomId()
      const body = events.map((event) => formatEventJson(event)).join('\n')
      await delivery.send(() => ({ headers, body }))
    },
    hurry: () => delivery.hurry(),
    close: () => undefined,
  }
}

function insertUrl(base: string, { database, table }: ClickhouseOptions): URL {
  const target = new URL(base)
  target.searchParams.set('database', database)
  target.searchParams.set('query', `INSERT INTO ${table} FORMAT JSONEachRow`)
  target.searchParams.set('input_format_skip_unknown_fields', '1')
  // Servers since 26.2 would collect inserts of their own accord. These are batches already, and 2xx has to mean that the rows are in the table.
  target.searchParams.set('async_insert', '0')
  return target
}
