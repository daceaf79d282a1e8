import type { VaultSecrets } from '../contracts/key-provider.ts'
import { Secret } from '../lib/secret.ts'
import type { Environment } from './load-project.ts'

/** What key providers need from the environment. An empty variable counts as absent. */
export function readVaultSecrets(environment: Environment): VaultSecrets {
  const secret = (name: string) => (environment[name] ? new Secret(environment[name]) : undefined)
  return {
    // Set but empty is a mistake that must be heard of.
    localKeys:
      environment.SALLYPORT_VAULT_KEYS === undefined ? undefined : new Secret(environment.SALLYPORT_VAULT_KEYS),
    awsAccessKeyId: environment.AWS_ACCESS_KEY_ID || undefined,
    awsSecretAccessKey: secret('AWS_SECRET_ACCESS_KEY'),
    awsSessionToken: secret('AWS_SESSION_TOKEN'),
    vaultToken: secret('VAULT_TOKEN'),
  }
}
