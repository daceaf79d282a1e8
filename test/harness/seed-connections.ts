import { join } from 'node:path'
import type { ConnectionKey } from '../../src/contracts/storage.ts'
import { createConnectionStore, type StoredCredential } from '../../src/credentials/connections.ts'
import { openVault } from '../../src/credentials/open-vault.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'

/** Stores connections as if people had made them, in the store and under the vault keys of a gateway that ran before. */
export async function seedConnections(
  directory: string,
  connections: readonly { readonly key: ConnectionKey; readonly credential: StoredCredential }[],
): Promise<void> {
  const storage = await openStorage(directory)
  const { vault } = await openVault(
    { provider: 'local', deployment: 'sallyport' },
    {
      secrets: noSecrets,
      keyFile: join(directory, 'vault.keys'),
      values: storage.sealed,
      createKeyFile: false,
      allowLoopbackHttp: true,
      warn: () => {},
    },
  )
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const store = createConnectionStore({ connections: storage.connections, vault, clock: Date.now, log })
  for (const { key, credential } of connections) await store.put(key, credential, key.owner.replace(/^subject:/, ''))
  await store.close()
  await storage.close()
}

const noSecrets = {
  localKeys: undefined,
  awsAccessKeyId: undefined,
  awsSecretAccessKey: undefined,
  awsSessionToken: undefined,
  vaultToken: undefined,
}
