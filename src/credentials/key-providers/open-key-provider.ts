import type { KeyProvider, VaultKey, VaultSecrets } from '../../contracts/key-provider.ts'
import type { SealedValues } from '../../contracts/storage.ts'
import { createCallKms } from '../../http/call-kms.ts'
import { findNeededKeys } from '../check-vault-keys.ts'
import { isKeyFileExposed, VaultKeyError } from '../keys.ts'
import { createLocalKeys } from './local-keys.ts'
import { createWrappedKeys, type KeyWrapper } from './wrapped-keys.ts'

/** Settings of `vault` in sallyport.jsonc, as far as they say where the keys are. */
export interface KeyProviderSettings {
  readonly provider: 'local' | 'aws-kms' | 'vault-transit'
  readonly deployment: string
  readonly awsKms?:
    | { readonly keyId: string; readonly region: string; readonly endpoint?: string | undefined }
    | undefined
  readonly vaultTransit?:
    | {
        readonly address: string
        readonly key: string
        readonly mount: string
        readonly namespace?: string | undefined
      }
    | undefined
}

/** What a provider needs besides its settings. */
export interface KeyProviderHost {
  readonly secrets: VaultSecrets
  /** Absolute path of `vault.keyFile`. */
  readonly keyFile: string
  readonly values: SealedValues
  /** Make a missing key file, where no secret of the store needs a former one. */
  readonly createKeyFile: boolean
  /** Key services on loopback may be called over http. */
  readonly allowLoopbackHttp: boolean
  readonly warn: (message: string) => void
}

/** The provider that a project asks for. Rejects with a `VaultKeyError` when what it needs is missing. */
export async function openKeyProvider(settings: KeyProviderSettings, host: KeyProviderHost): Promise<KeyProvider> {
  const { secrets, keyFile, values, createKeyFile } = host
  const needed = await findNeededKeys(values)
  const local = createLocalKeys({ variable: secrets.localKeys, keyFile, create: createKeyFile && needed.length === 0 })
  if (secrets.localKeys === undefined && isKeyFileExposed(keyFile)) {
    host.warn(`others may read the vault keys at ${keyFile}; run: chmod 600 ${keyFile}`)
  }
  if (settings.provider === 'local') return needed.length === 0 ? local : explainLostKeys(local, needed)
  const wrapper = await openWrapper(settings, host)
  return createWrappedKeys(wrapper, values, () => readFormerKeys(local))
}

async function openWrapper(
  settings: KeyProviderSettings,
  { secrets, allowLoopbackHttp }: KeyProviderHost,
): Promise<KeyWrapper> {
  const { awsKms, vaultTransit, deployment } = settings
  const call = createCallKms({ allowLoopbackHttp })
  if (settings.provider === 'aws-kms' && awsKms) {
    const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey, awsSessionToken: sessionToken } = secrets
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new VaultKeyError('vault.provider "aws-kms" needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Set both.')
    }
    // The signer is loaded only by projects that use it.
    const { createAwsKmsWrapper } = await import('./aws-kms.ts')
    return createAwsKmsWrapper(
      { ...awsKms, deployment, credentials: { accessKeyId, secretAccessKey, sessionToken } },
      call,
    )
  }
  if (vaultTransit === undefined || secrets.vaultToken === undefined) {
    throw new VaultKeyError('vault.provider "vault-transit" needs a token. Set VAULT_TOKEN.')
  }
  const { createVaultTransitWrapper } = await import('./vault-transit.ts')
  return createVaultTransitWrapper({ ...vaultTransit, deployment, token: secrets.vaultToken }, call)
}

/** Keys of before the project used a key service. There need not be any. */
function readFormerKeys(local: KeyProvider): readonly VaultKey[] {
  try {
    return local.loadNow?.() ?? []
  } catch {
    // If one is needed, the check at the start names it.
    return []
  }
}

/** A missing file means lost secrets, where there are any: that a new key can be made is the wrong advice then. */
function explainLostKeys(local: KeyProvider, needed: readonly string[]): KeyProvider {
  const load = async () => {
    try {
      return await local.load()
    } catch (cause) {
      if (!(cause instanceof VaultKeyError) || !cause.isMissing) throw cause
      throw new VaultKeyError(
        `There are no vault keys at ${local.source}, and the store has secrets sealed under ${needed.join(', ')}. Put the file back from its ` +
          'backup, or set SALLYPORT_VAULT_KEYS to these keys. Nothing was changed. Without them those secrets are lost; to begin anew, ' +
          'move the directory of the store away.',
      )
    }
  }
  return { ...local, load }
}
