import type { ApiKeyRecord } from '../contracts/storage.ts'
import { newApiKey } from '../identity/api-key.ts'
import { consumerSubject } from '../identity/subject-id.ts'
import { sha256 } from '../lib/hash.ts'
import { randomId } from '../lib/random-id.ts'
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

const consumerName = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u

/** Makes a key and prints it, the only time that anybody sees it. */
export async function createKey(consumer: string, directory: string, options: CreateKeyOptions): Promise<void> {
  if (!consumerName.test(consumer)) {
    throw new UsageError(
      'a consumer needs a name of up to 64 letters, digits, blanks and ._@+-, beginning with a letter or digit.',
    )
  }
  const { tenant, expires: expiresAtMs, metadata, json } = options
  const key = newApiKey()
  const id = `key_${randomId().slice(0, 16)}`
  const stored = { id, keyHash: sha256(key), tenant, consumer, metadata, expiresAtMs }
  await withStore(directory, async ({ storage, record }) => {
    await storage.apiKeys.create(stored)
    await record([{ type: 'auth_key_created', subject: consumerSubject(consumer), tenant, clientId: id }])
  })
  const end = expiresAtMs === undefined ? 'does not expire' : `expires ${formatTime(expiresAtMs)}`
  // Apart from the key itself, so that a script can take it from standard output.
  const note = `Key ${id} of ${consumer} (tenant ${tenant}), ${end}.\nIt is stored as a hash only: this is the one time it is shown.\n`
  printAnswer(json, { id, key, consumer, tenant, expiresAt: toIso(expiresAtMs) }, key)
  if (!json) process.stderr.write(note)
}

const mostListed = 100_000

/** Lists keys, newest first. */
export async function listKeys(directory: string, options: { tenant?: string; json?: boolean }): Promise<void> {
  const filter = { tenant: options.tenant, limit: mostListed }
  const keys = await withStore(directory, ({ storage }) => storage.apiKeys.list(filter))
  const rows = keys.map(describeKey)
  const table = formatTable(
    ['ID', 'CONSUMER', 'TENANT', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED'],
    keys.map((key) => [
      key.id,
      key.consumer.name,
      key.consumer.tenant,
      stateOf(key),
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

function describeKey(key: ApiKeyRecord) {
  const { id, consumer, createdAtMs, expiresAtMs, revokedAtMs, lastUsedAtMs } = key
  return {
    id,
    consumer: consumer.name,
    tenant: consumer.tenant,
    metadata: consumer.metadata,
    state: stateOf(key),
    createdAt: toIso(createdAtMs),
    expiresAt: toIso(expiresAtMs),
    revokedAt: toIso(revokedAtMs),
    lastUsedAt: toIso(lastUsedAtMs),
  }
}

function stateOf({ revokedAtMs, expiresAtMs }: ApiKeyRecord): 'live' | 'expired' | 'revoked' {
  if (revokedAtMs !== undefined) return 'revoked'
  return expiresAtMs !== undefined && expiresAtMs <= Date.now() ? 'expired' : 'live'
}

function toIso(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
