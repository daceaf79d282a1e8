import type { KeyProvider } from '../contracts/key-provider.ts'
import { checkVaultKeys } from './check-vault-keys.ts'
import { type KeyProviderHost, type KeyProviderSettings, openKeyProvider } from './key-providers/open-key-provider.ts'
import { createVault, type RotatingVault } from './vault.ts'

/** A vault whose keys are those that the store needs. */
export interface OpenedVault {
  readonly vault: RotatingVault
  readonly provider: KeyProvider
  /** Loads the keys again, after another process rotated them. Rejects, and keeps those it has, when they cannot be had. */
  reloadKeys(): Promise<void>
}

/** Loads the vault keys of a project and checks them against its store. Rejects with a `VaultKeyError` that says what to do. */
export async function openVault(settings: KeyProviderSettings, host: KeyProviderHost): Promise<OpenedVault> {
  const provider = await openKeyProvider(settings, host)
  const vault = createVault(await provider.load(), provider.loadNow)
  await checkVaultKeys(host.values, vault, provider.source)
  return { vault, provider, reloadKeys: async () => vault.use(await provider.load()) }
}
