import { setTimeout as delay } from 'node:timers/promises'
import type { KeyProvider } from '../contracts/key-provider.ts'
import type { Revocations, SealedValues } from '../contracts/storage.ts'
import type { SealedCollection } from '../contracts/vault.ts'
import { randomId } from '../lib/random-id.ts'
import { addCanary, hasCanary, listCanaries, removeCanary } from './check-vault-keys.ts'
import { VaultKeyError } from './keys.ts'
import { countKeyUse, damaged, type KeyUse, keysInUse, type RewrapFailure, rewrapAll } from './rewrap.ts'
import type { RotatingVault } from './vault.ts'

/** What a rotation of the vault keys works on. */
export interface RotateVaultOptions {
  readonly provider: KeyProvider
  readonly vault: RotatingVault
  readonly values: SealedValues
  readonly revocations: Pick<Revocations, 'add'>
  readonly collections: readonly SealedCollection[]
  /** Make a new key even if an earlier rotation is not finished. */
  readonly newKey: boolean
  /** How long running gateways get to load new keys. Milliseconds. */
  readonly settleMs: number
  readonly onProgress: (progress: RotationProgress) => void
}

/** What a rotation did. The process may die at any time: the next rotation goes on. */
export type RotationProgress =
  | { readonly step: 'key_made' | 'resumed'; readonly keyId: string }
  | { readonly step: 'moved'; readonly collection: string }

/** What a rotation left behind. */
export interface RotationResult {
  readonly activeKey: string
  /** False when an earlier rotation was finished instead of making a new key. */
  readonly isNewKey: boolean
  readonly moved: number
  readonly failures: readonly RewrapFailure[]
  readonly uses: readonly KeyUse[]
}

/** A value may change between the walks; one that always does is sealed under the active key by whoever changes it. */
const mostWalks = 20

/**
 * Makes a new vault key and wraps every sealed value under it, beside running gateways. An earlier rotation that was cut off, and a key
 * that the operator put in front of the list, are finished instead.
 */
export async function rotateVault(options: RotateVaultOptions): Promise<RotationResult> {
  const { vault, values, provider, onProgress } = options
  const [before] = vault.keyIds
  const inUse = keysInUse(await countKeyUse(options.collections))
  const isUnfinished = [...inUse].some((id) => id !== before && id !== damaged)
  const isNewKey = options.newKey || !isUnfinished
  if (isNewKey) await makeKey(options)
  else if (provider.isFixed && !(await hasCanary(values, before))) throw notStarted(before, provider)
  else await announce(options)
  const [activeKey] = vault.keyIds
  await addCanary(values, vault)
  onProgress({ step: isNewKey ? 'key_made' : 'resumed', keyId: activeKey })
  const { moved, failures } = await moveAll(options)
  const uses = await countKeyUse(options.collections)
  await forgetFormerKeys(values, new Set([activeKey, vault.keyIds[0], ...keysInUse(uses)]))
  return { activeKey, isNewKey, moved, failures, uses }
}

async function makeKey(options: RotateVaultOptions): Promise<void> {
  const { vault, values, provider } = options
  const release = await takeLease(values)
  try {
    vault.use(await provider.rotate(() => announce(options)))
  } finally {
    await release()
  }
}

/** Tells running gateways to load the keys again, and gives them the time to. */
async function announce({ revocations, settleMs }: RotateVaultOptions): Promise<void> {
  await revocations.add([{ kind: 'vault-keys', id: 'rotated' }])
  await delay(settleMs)
}

async function moveAll({ collections, vault, onProgress }: RotateVaultOptions) {
  let moved = 0
  for (let walks = 1; ; walks += 1) {
    const result = await rewrapAll(collections, vault, (collection) => onProgress({ step: 'moved', collection }))
    moved += result.moved
    // What was written during a walk may be behind it: the last one finds nothing to do.
    if ((result.moved === 0 && result.changed === 0) || walks === mostWalks) return { moved, failures: result.failures }
  }
}

async function forgetFormerKeys(values: SealedValues, needed: ReadonlySet<string>): Promise<void> {
  for (const id of await listCanaries(values)) if (!needed.has(id)) await removeCanary(values, id)
}

/** The right to change the keys, in the store: two commands at once would overwrite each other's key file. */
const leaseName = 'vault-rotation'
const leaseMs = 60_000

/** True for the name of the stored right to rotate, which is no secret. */
export function isRotationLease(name: string): boolean {
  return name === leaseName
}

async function takeLease(values: SealedValues): Promise<() => Promise<unknown>> {
  const lease = `${Date.now() + leaseMs} ${randomId()}`
  const held = await values.putIfAbsent(leaseName, lease)
  const isMine =
    held === lease || (Number.parseInt(held, 10) < Date.now() && (await values.replace(leaseName, held, lease)))
  if (!isMine) {
    throw new VaultKeyError('Another process is making a vault key, or died while it did. Run this again in a minute.')
  }
  return () => values.remove(leaseName, lease)
}

function notStarted(keyId: string, { source }: KeyProvider): VaultKeyError {
  return new VaultKeyError(
    `No gateway has started with the vault key "${keyId}" in front of ${source}. Restart every gateway with this list first: one that ` +
      'does not know the key could not open what is wrapped under it. Nothing was changed.',
  )
}
