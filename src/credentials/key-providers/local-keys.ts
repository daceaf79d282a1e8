import type { KeyProvider, VaultKeys } from '../../contracts/key-provider.ts'
import type { Secret } from '../../lib/secret.ts'
import {
  addKeyToFile,
  generateVaultKey,
  howToMake,
  loadOrCreateKeyFile,
  parseVaultKeys,
  VaultKeyError,
} from '../keys.ts'

/** Where the keys of a project are: in a variable, which goes first, or in a file. */
export interface LocalKeysOptions {
  /** Value of SALLYPORT_VAULT_KEYS. */
  readonly variable: Secret | undefined
  /** Absolute path. */
  readonly keyFile: string
  /** Make the file when it is missing. */
  readonly create: boolean
}

const variableName = 'SALLYPORT_VAULT_KEYS'

/** Vault keys that the operator keeps. */
export function createLocalKeys({ variable, keyFile, create }: LocalKeysOptions): KeyProvider {
  return variable === undefined ? createFileKeys(keyFile, create) : createVariableKeys(variable)
}

function createFileKeys(keyFile: string, create: boolean): KeyProvider {
  const read = (): VaultKeys => loadOrCreateKeyFile(keyFile, { create: false })
  return {
    source: keyFile,
    load: async () => loadOrCreateKeyFile(keyFile, { create }),
    loadNow: read,
    async rotate(announce) {
      const keys = addKeyToFile(keyFile, generateVaultKey())
      await announce()
      return keys
    },
  }
}

function createVariableKeys(variable: Secret): KeyProvider {
  return {
    source: variableName,
    isFixed: true,
    load: async () => parseVaultKeys(variable.reveal(), variableName),
    async rotate() {
      throw new VaultKeyError(
        `The vault keys come from ${variableName}, which a command cannot change. Put a new key in front of the list there, keep the ` +
          `others behind it, restart every gateway, and run this again: it wraps every secret under the new key. ${howToMake}`,
      )
    },
  }
}
