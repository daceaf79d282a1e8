import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { VaultKey, VaultKeys } from '../contracts/key-provider.ts'
import type { SealContext, Vault } from '../contracts/vault.ts'

/** A vault whose keys can change while it is used, and whose records can move to the active key. */
export interface RotatingVault extends Vault {
  /** Ids of the keys, the active one first. */
  readonly keyIds: readonly [string, ...string[]]
  /** Replaces the keys. */
  use(keys: VaultKeys): void
  /**
   * Wraps the record's own key with the active vault key; the secret itself is not decrypted. Returns the record
   * unchanged when it is under the active key already. Throws as `open` does.
   */
  rewrap(sealed: string, context: SealContext): string
}

/** A record that does not open: tampered with, moved, malformed, or under a key that is not configured. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
}

const format = 'v1'
const cipher = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16
const recordKeyBytes = 32

/**
 * A vault with envelope encryption. A sealed record is `v1.<key id>.<wrapped record key>.<ciphertext>`: AES-256-GCM
 * under a random key per record, which is itself encrypted under a vault key. Both layers authenticate the context and
 * the key id, so a record copied to another owner, id, kind or tenant does not open. With `loadNow`, a vault that meets a key it does
 * not know reads the keys again: another process may have rotated them a moment ago.
 */
export function createVault(keys: VaultKeys, loadNow?: () => VaultKeys): RotatingVault {
  let [active] = keys
  let keysById = new Map<string, VaultKey>()
  const use = (next: VaultKeys): void => {
    ;[active] = next
    keysById = new Map(next.map((key) => [key.id, key]))
  }
  use(keys)
  const unwrap = (sealed: string, context: SealContext) => {
    const record = parseRecord(sealed)
    if (loadNow && !keysById.has(record.keyId)) use(loadNow())
    return unwrapRecord(record, context, keysById.get(record.keyId))
  }
  return {
    get keyIds(): [string, ...string[]] {
      return [active.id, ...[...keysById.keys()].filter((id) => id !== active.id)]
    },
    use,
    seal(plaintext, context) {
      const recordKey = randomBytes(recordKeyBytes)
      const ciphertext = encrypt(recordKey, Buffer.from(plaintext, 'utf8'), authenticatedText('secret', context))
      return formatRecord(active, recordKey, ciphertext, context)
    },
    open(sealed, context) {
      const { recordKey, ciphertext } = unwrap(sealed, context)
      return decrypt(recordKey, ciphertext, authenticatedText('secret', context)).toString('utf8')
    },
    rewrap(sealed, context) {
      const { recordKey, ciphertext, keyId } = unwrap(sealed, context)
      return keyId === active.id ? sealed : formatRecord(active, recordKey, ciphertext, context)
    },
  }
}

function formatRecord(key: VaultKey, recordKey: Buffer, ciphertext: Buffer, context: SealContext): string {
  const wrapped = encrypt(key.bytes, recordKey, authenticatedText(`key:${key.id}`, context))
  return `${format}.${key.id}.${wrapped.toString('base64url')}.${ciphertext.toString('base64url')}`
}

/** Id of the vault key that a record is sealed under; undefined when this is no sealed record. */
export function keyIdOf(sealed: string): string | undefined {
  const [version, keyId, wrapped, ciphertext, ...rest] = sealed.split('.')
  return version === format && keyId && wrapped && ciphertext && rest.length === 0 ? keyId : undefined
}

interface ParsedRecord {
  readonly keyId: string
  readonly wrapped: Buffer
  readonly ciphertext: Buffer
}

function parseRecord(sealed: string): ParsedRecord {
  const keyId = keyIdOf(sealed)
  if (!keyId) throw new VaultError('This is not a sealed record of a version that this gateway knows.')
  const [, , wrapped = '', ciphertext = ''] = sealed.split('.')
  return { keyId, wrapped: Buffer.from(wrapped, 'base64url'), ciphertext: Buffer.from(ciphertext, 'base64url') }
}

function unwrapRecord({ keyId, wrapped, ciphertext }: ParsedRecord, context: SealContext, key: VaultKey | undefined) {
  if (!key) {
    throw new VaultError(
      `A sealed record needs the vault key "${keyId}", which is not configured. Add it again after the active key.`,
    )
  }
  const recordKey = decrypt(key.bytes, wrapped, authenticatedText(`key:${keyId}`, context))
  return { keyId, recordKey, ciphertext }
}

/** JSON keeps the parts apart: no choice of owner and id spells another context. */
function authenticatedText(layer: string, { tenant, kind, owner, id }: SealContext): Buffer {
  return Buffer.from(JSON.stringify([format, layer, tenant, kind, owner, id]), 'utf8')
}

/** iv | ciphertext | tag. A vault key stays far below the 2^32 random ivs that GCM allows: it only wraps record keys. */
function encrypt(key: Buffer, plaintext: Buffer, authenticated: Buffer): Buffer {
  const iv = randomBytes(ivBytes)
  const encryption = createCipheriv(cipher, key, iv, { authTagLength: tagBytes }).setAAD(authenticated)
  return Buffer.concat([iv, encryption.update(plaintext), encryption.final(), encryption.getAuthTag()])
}

function decrypt(key: Buffer, bytes: Buffer, authenticated: Buffer): Buffer {
  if (bytes.length < ivBytes + tagBytes) throw new VaultError('A sealed record is cut short.')
  const decryption = createDecipheriv(cipher, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decryption.setAAD(authenticated).setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decryption.update(bytes.subarray(ivBytes, -tagBytes)), decryption.final()])
  } catch {
    throw new VaultError(
      'A sealed record does not open: it was changed, moved to another place, or the vault key under its id is not the one that sealed it.',
    )
  }
}
