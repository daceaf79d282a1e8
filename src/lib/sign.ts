import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { sha256 } from './hash.ts'

/** A key pair for Ed25519 signatures (RFC 8032). */
export interface SigningKey {
  /** PKCS #8, base64url. Secret. */
  readonly privateKey: string
  /** SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string
}

/** Makes a key pair. */
export function generateSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
  }
}

/** A function that signs texts with this key; the signature is base64url. */
export function createSigner({ privateKey }: SigningKey): (text: string) => string {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64url'), format: 'der', type: 'pkcs8' })
  return (text) => sign(null, Buffer.from(text), key).toString('base64url')
}

/** True when the signature of this text was made with the private half of `publicKey`. Never throws. */
export function verifySignature(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), format: 'der', type: 'spki' })
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

/** What people compare to know that a public key is the one they mean. */
export function fingerprintOf(publicKey: string): string {
  return `SHA256:${sha256(publicKey)}`
}
