import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Seals short texts into self-contained, URL-safe tokens (AES-256-GCM) bound to a context. */
export interface TokenSealer {
  seal(text: string, context: string): string
  /** The text, or undefined when the token is foreign, altered, or was sealed for another context. */
  open(token: string, context: string): string | undefined
}

const ivBytes = 12
const tagBytes = 16

/** `key` is 32 bytes. */
export function createTokenSealer(key: Buffer): TokenSealer {
  return {
    seal(text, context) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(token, context) {
      const bytes = Buffer.from(token, 'base64url')
      if (bytes.length < ivBytes + tagBytes) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      try {
        return decipher.update(bytes.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return undefined
      }
    },
  }
}
