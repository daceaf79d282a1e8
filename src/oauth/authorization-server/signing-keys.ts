import { generateKeyPairSync } from 'node:crypto'
import type { SealedValues } from '../../contracts/storage.ts'
import type { SealContext, Vault } from '../../contracts/vault.ts'
import { randomToken } from '../../lib/random-id.ts'

/** A private JSON Web Key. */
interface PrivateJwk {
  readonly kty: string
  readonly kid: string
  readonly alg: string
  readonly use: 'sig'
  readonly [member: string]: unknown
}

/** The keys of the authorization server itself. They live as long as the store: losing them signs everybody out of the browser. */
export interface ServerKeys {
  readonly signing: PrivateJwk
  /** Sign the browser cookies; the first signs, all verify. */
  readonly cookies: readonly string[]
  /** Authenticates the forms of the sign-in and consent pages. */
  readonly forms: string
}

const name = 'authorization-server-keys'
const context: SealContext = { tenant: 'default', kind: 'authorization-server-keys', owner: 'gateway', id: name }

/** Opens the stored keys, or makes them at the first start. Two processes that start at once end up with the same keys. */
export async function loadServerKeys(sealed: SealedValues, vault: Vault): Promise<ServerKeys> {
  const stored = await sealed.get(name)
  const text = stored ?? (await sealed.putIfAbsent(name, vault.seal(JSON.stringify(generateServerKeys()), context)))
  return JSON.parse(vault.open(text, context)) as ServerKeys
}

function generateServerKeys(): ServerKeys {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = privateKey.export({ format: 'jwk' })
  return {
    signing: { ...jwk, kty: 'EC', kid: randomToken(12), alg: 'ES256', use: 'sig' },
    cookies: [randomToken()],
    forms: randomToken(),
  }
}
