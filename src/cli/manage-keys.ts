import { checkConsumerName, describeApiKey, issueApiKey } from '../identity/issued-keys.ts'
import { consumerSubject } from '../identity/subject-id.ts'
import { toIsoTime } from '../lib/iso-time.ts'
import { formatTime, printAnswer } from './command-group.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { withStore } from './open-store.ts'

interface CreateKeyOptions {
  readonly tenant: string
  readonly expires?: number
  readonly metadata?: { readonly [key: string]: string }
  readonly json?: boolean
}

/** Makes a key and prints it, the only time that anybody sees it. */
export async function createKey(consumer: string, directory: string, options: CreateKeyOptions): Promise<void> {
  const problem = checkConsumerName(consumer)
  if (problem !== undefined) throw new UsageError(problem)
  const { tenant, expires: expiresAtMs, metadata, json } = options
  const { id, key } = await withStore(directory, async ({ storage, record }) => {
    const issued = await issueApiKey(storage.apiKeys, { tenant, consumer, metadata, expiresAtMs })
    await record([{ type: 'auth_key_created', subject: consumerSubject(consumer), tenant, clientId: issued.id }])
    return issued
  })
  const end = expiresAtMs === undefined ? 'does not expire' : `expires ${formatTime(expiresAtMs)}`
  // Apart from the key itself, so that a script can take it from standard output.
  const note = `Key ${id} of ${consumer} (tenant ${tenant}), ${end}.\nIt is stored as a hash only: this is the one time it is shown.\n`
  printAnswer(json, { id, key, consumer, tenant, expiresAt: toIsoTime(expiresAtMs) }, key)
  if (!json) process.stderr.write(note)
}

const mostListed = 100_000

/** Lists keys, newest first. */
export async function listKeys(directory: string, options: { tenant?: string; json?: boolean }): Promise<void> {
  const filter = { tenant: options.tenant, limit: mostListed }
  const keys = await withStore(directory, ({ storage }) => storage.apiKeys.list(filter))
  const now = Date.now()
  const rows = keys.map((key) => describeApiKey(key, now))
  const table = formatTable(
    ['ID', 'CONSUMER', 'TENANT', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED'],
    keys.map((key, index) => [
      key.id,
      key.consumer.name,
      key.consumer.tenant,
      rows[index]?.state ?? '',
      formatTime(key.createdAtMs),
      formatTime(key.expiresAtMs),
      formatTime(key.lastUsedAtMs),
    ]),
  )
  printAnswer(options.json, rows, keys.length === 0 ? 'no keys' : table)
}

/** Revokes a key; running gateways learn of it within a second. */
export async function revokeKey(id: string, directory: string, options: { tenant: string; json?: boolean }) {
  const { tenant } = options
  const revoked = await withStore(directory, async ({ storage, record }) => {
    const key = await storage.apiKeys.find(tenant, id)
    if (key === undefined || !(await storage.apiKeys.revoke(tenant, id))) return false
    await record([{ type: 'auth_key_revoked', subject: consumerSubject(key.consumer.name), tenant, clientId: id }])
    return true
  })
  if (!revoked) throw new UsageError(`tenant ${tenant} has no live key ${id}. See: sallyport keys list`)
  printAnswer(options.json, { id, revoked }, `revoked ${id}`)
}
