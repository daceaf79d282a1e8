import { createHash, hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a UTF-8 string as base64url (43 characters). Tokens are stored and looked up by this. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** SHA-256 of bytes as base64url. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}

/** Compares two secrets in time that depends on neither of them. Both sides are hashed, so lengths may differ. */
export function equalSecrets(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest())
}
