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

/** One sealed value where its owner keeps it. */
export interface SealedEntry {
  /** Names the value for people; no secret. */
  readonly name: string
  readonly sealed: string
  /** Undefined when this version does not know what the value belongs to: it was written by a newer one. */
  readonly context: SealContext | undefined
  /** Stores the same secret under another vault key if the value is still this one; false when somebody changed it meanwhile. */
  replace(sealed: string): Promise<boolean>
}

/**
 * All sealed values of one kind. Who seals values in the store declares one, beside the function that makes the context; `cli/` lists
 * them all, so that the vault keys can be rotated.
 */
export interface SealedCollection {
  /** For people, e.g. `connections`. */
  readonly name: string
  /** A page of values behind a cursor (`''` at first), and where the next one begins; without `next` it was the last. */
  page(
    after: string,
    limit: number,
  ): Promise<{ readonly entries: readonly SealedEntry[]; readonly next?: string | undefined }>
}
