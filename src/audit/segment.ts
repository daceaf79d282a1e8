import { canonicalJson } from '../lib/canonical-json.ts'

/** A signed piece of the chain: whoever holds the public key knows that these entries are the ones that the gateway wrote. */
export interface Segment {
  /** Sequences of its first and last entry. */
  readonly first: number
  readonly last: number
  /** Hash of the last entry, which commits to all before it. */
  readonly hash: string
  /** When it was signed, in milliseconds since the epoch. */
  readonly time: number
  /** Public key, base64url. */
  readonly publicKey: string
  readonly signature: string
}

/** What is signed. */
export function segmentText({ first, last, hash, time }: Omit<Segment, 'publicKey' | 'signature'>): string {
  return canonicalJson(['sallyport-audit-segment', first, last, hash, time])
}
