/** What a sealed value belongs to. It is authenticated: a value moved to another place does not open. */
export interface SealContext {
  readonly tenant: string
  readonly kind: string
  readonly owner: string
  readonly id: string
}

/** Seals secrets for storage. */
export interface Vault {
  seal(plaintext: string, context: SealContext): string
  /** Throws when the value was tampered with, moved, or sealed under a key that is not configured. */
  open(sealed: string, context: SealContext): string
}
