import type { KeyProvider } from '../contracts/key-provider.ts'
import { addCanary, checkVaultKeys } from './check-vault-keys.ts'
import { type KeyProviderHost, type KeyProviderSettings, openKeyProvider } from './key-providers/open-key-provider.ts'
import { createVault, type RotatingVault } from './vault.ts'

/** A vault whose keys are those that the store needs. */
export interface OpenedVault {
  readonly vault: RotatingVault
  readonly provider: KeyProvider
  /** Loads the keys again, after another process rotated them. Rejects when they cannot be had, or are not all that the store needs. */
  readonly reloadKeys: () => Promise<void>
}

/**
 * Loads the vault keys of a project and checks them against its store. Rejects with a `VaultKeyError` that says what to do. Who is
 * going to seal something must not pass `sealsNothing`: the active key is noted as needed by then.
 */
export async function openVault(
  settings: KeyProviderSettings,
  host: KeyProviderHost,
  { sealsNothing = false } = {},
): Promise<OpenedVault> {
  const provider = await openKeyProvider(settings, host)
  const vault = createVault(await provider.load(), provider.loadNow)
  await checkVaultKeys(host.values, vault, provider.source)
  if (!sealsNothing) await addCanary(host.values, vault)
  return {
    vault,
    provider,
    async reloadKeys() {
      vault.use(await provider.load())
      // A process whose keys are fixed would only notice when a secret does not open.
      await checkVaultKeys(host.values, vault, provider.source)
    },
  }
}
