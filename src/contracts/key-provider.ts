import type { Secret } from '../lib/secret.ts'

/** A key that encrypts the keys of sealed records. 32 bytes, known by its id. */
export interface VaultKey {
  readonly id: string
  readonly bytes: Buffer
}

/** The keys of a vault: the first seals, all of them open. Never empty. */
export type VaultKeys = readonly [VaultKey, ...VaultKey[]]

/** Where the keys of the vault come from. All functions reject with a `VaultKeyError`, whose message says what to do. */
export interface KeyProvider {
  /** For messages, e.g. a path or `AWS KMS`. */
  readonly source: string
  load(): Promise<VaultKeys>
  /** True when a running process keeps the keys that it started with: others must be restarted before a new key is used. */
  readonly isFixed?: boolean | undefined
  /**
   * Makes a new active key and keeps the others; returns all of them. Nothing is lost when the process dies in between. `announce` tells the
   * running gateways to load the keys again; it resolves when they had the time to.
   */
  rotate(announce: () => Promise<void>): Promise<VaultKeys>
  /** The same as `load` without waiting, where the keys are at hand: a vault that meets an unknown key looks once. */
  readonly loadNow?: (() => VaultKeys) | undefined
}

/** Secrets of key providers, which come from the environment and are no settings. */
export interface VaultSecrets {
  /** SALLYPORT_VAULT_KEYS. */
  readonly localKeys: Secret | undefined
  /** AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
  readonly awsAccessKeyId: string | undefined
  readonly awsSecretAccessKey: Secret | undefined
  readonly awsSessionToken: Secret | undefined
  /** VAULT_TOKEN. */
  readonly vaultToken: Secret | undefined
}
