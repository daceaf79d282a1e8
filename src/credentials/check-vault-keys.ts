import type { SealedValues } from '../contracts/storage.ts'
import type { SealContext } from '../contracts/vault.ts'
import { defaultTenant } from '../lib/tenant.ts'
import { VaultKeyError } from './keys.ts'
import { keyIdOf, type RotatingVault, VaultError } from './vault.ts'

/** A value sealed under each key that anything is sealed under: it tells a wrong key from the right one without a walk over the store. */
const prefix = 'vault-canary/'

/** True for the name of a canary, which is never wrapped anew: each stays under its own key. */
export function isCanary(name: string): boolean {
  return name.startsWith(prefix)
}

function contextOf(name: string): SealContext {
  return { tenant: defaultTenant, kind: 'vault-canary', owner: 'gateway', id: name }
}

/** Ids of the vault keys that the store needs. Empty for a new one. */
export async function findNeededKeys(values: SealedValues): Promise<readonly string[]> {
  const ids = (await values.list()).flatMap(({ sealed }) => keyIdOf(sealed) ?? [])
  return [...new Set(ids)]
}

/**
 * Checks before anything is served that the vault has every key that the store needs, and the right one under each id.
 * Rejects with a `VaultKeyError` that says what to do; nothing of the store is changed in that case.
 */
export async function checkVaultKeys(values: SealedValues, vault: RotatingVault, source: string): Promise<void> {
  for (const { name, sealed } of await values.list()) {
    const id = keyIdOf(sealed)
    if (id === undefined) continue
    if (!vault.keyIds.includes(id)) throw missingKey(id, vault, source)
    if (isCanary(name) && !opens(vault, sealed, name)) throw wrongKey(id, source)
  }
}

/** Notes that something may be sealed under the active key from now on. */
export async function addCanary(values: SealedValues, vault: RotatingVault): Promise<void> {
  const [active] = vault.keyIds
  const name = prefix + active
  const stored = (await values.get(name)) ?? (await values.putIfAbsent(name, vault.seal('canary', contextOf(name))))
  if (!opens(vault, stored, name)) throw wrongKey(active, 'the store')
}

/** Removes the canary of a key that nothing is sealed under any more: the store does not need it from now on. */
export async function removeCanary(values: SealedValues, keyId: string): Promise<void> {
  const sealed = await values.get(prefix + keyId)
  if (sealed !== undefined) await values.remove(prefix + keyId, sealed)
}

/** Ids of the keys that something may be sealed under. */
export async function listCanaries(values: SealedValues): Promise<readonly string[]> {
  return (await values.list()).flatMap(({ name }) => (isCanary(name) ? [name.slice(prefix.length)] : []))
}

/** True when a gateway, or a command, has used this key as the active one. */
export async function hasCanary(values: SealedValues, keyId: string): Promise<boolean> {
  return (await values.get(prefix + keyId)) !== undefined
}

function opens(vault: RotatingVault, sealed: string, name: string): boolean {
  try {
    return vault.open(sealed, contextOf(name)) === 'canary'
  } catch (error) {
    if (error instanceof VaultError) return false
    throw error
  }
}

function missingKey(id: string, vault: RotatingVault, source: string): VaultKeyError {
  return new VaultKeyError(
    `The store has secrets sealed under the vault key "${id}", which is not among the keys of ${source} (${vault.keyIds.join(', ')}). ` +
      'Put it back behind the active key. Nothing was changed. `sallyport vault status` says which keys are needed.',
  )
}

function wrongKey(id: string, source: string): VaultKeyError {
  return new VaultKeyError(
    `The vault key "${id}" of ${source} is not the one that sealed the secrets of this store: the id is the same, the key is another. ` +
      'Put the right key back from its backup, and give each key an id of its own. Nothing was changed.',
  )
}
