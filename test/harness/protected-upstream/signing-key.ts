import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'

/** The ES256 key of one authorization server. */
export class SigningKey {
  readonly publicJwk: Record<string, unknown>
  readonly #privateKey: KeyObject

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#privateKey = privateKey
    this.publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256', use: 'sig' }
  }

  sign(claims: JWTPayload, typ: string): Promise<string> {
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-1', typ })
    return token.setIssuedAt().setExpirationTime('5m').sign(this.#privateKey)
  }
}
