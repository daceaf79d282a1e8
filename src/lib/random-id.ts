import { randomBytes, randomFillSync } from 'node:crypto'

/** Unguessable, URL-safe token of `bytes` random bytes (default 32, i.e. 256 bit, 43 characters). */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

const pool = Buffer.alloc(16 * 256)
let used = pool.length

/** A 128-bit random identifier as 32 hexadecimal characters. Drawn from a pool: it is made once per request. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.toString('hex', used - 16, used)
}
