import { z } from 'zod'
import { collectorUrl, insecureSwitch, isReachedSafely, secretText, unsafeUrl } from './outgoing.ts'

const sinkName = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be lower-case letters, digits and `-`')

const waiting = z
  .int()
  .positive()
  .default(20_000)
  .describe('Most events that wait while the receiver does not answer; more are dropped and counted.')

const webhook = z
  .strictObject({
    name: sinkName.describe('Name in metrics, the log and /readyz.'),
    url: collectorUrl.describe('Where batches of events are posted.'),
    insecure: insecureSwitch,
    secret: secretText
      .refine((secret) => Buffer.byteLength(secret.reveal()) >= 24, 'must have at least 24 bytes')
      .describe('Signs every request (Standard Webhooks, HMAC-SHA256). Write $env(NAME).'),
    events: z
      .enum(['all', 'problems'])
      .default('all')
      .describe('Every event, or only those whose outcome is not `success`.'),
    types: z
      .array(z.string().min(1))
      .default([])
      .describe('Only these event types; `auth_*` stands for a family. Empty: every type.'),
    batchSize: z.int().min(256).max(10_000).default(500).describe('Most events in one request.'),
    maxWaiting: waiting,
  })
  .refine(isReachedSafely, unsafeUrl)

const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and `_`')

const clickhouse = z
  .strictObject({
    url: collectorUrl.describe('HTTP interface, e.g. `https://clickhouse.example.com:8443`.'),
    insecure: insecureSwitch,
    database: identifier.default('default').describe('Database of the table.'),
    table: identifier.default('sallyport_events').describe('Table; docs/reference/clickhouse.md says how to make it.'),
    user: z.string().min(1).default('default').describe('User that may insert.'),
    password: secretText.optional().describe('Its password. Write $env(NAME).'),
    maxWaiting: waiting,
  })
  .refine(isReachedSafely, unsafeUrl)

/** `exports` of sallyport.jsonc. */
export const exportsSettings = z
  .strictObject({
    webhooks: z
      .array(webhook)
      .default([])
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'must have different names')
      .describe('Events posted in signed batches.'),
    clickhouse: clickhouse.optional().describe('Events inserted into a table of ClickHouse.'),
  })
  .prefault({})
  .describe('Where events go besides the store.')
