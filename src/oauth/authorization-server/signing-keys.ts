import { generateKeyPairSync } from 'node:crypto'
import type { SealedValues } from '../../contracts/storage.ts'
import type { SealContext, Vault } from '../../contracts/vault.ts'
import { randomToken } from '../../lib/random-id.ts'
import { defaultTenant } from '../../lib/tenant.ts'

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
  /** Former signing keys, newest first: they verify only. */
  readonly formerSigning?: readonly PrivateJwk[] | undefined
  /** Sign the browser cookies; the first signs, all verify. */
  readonly cookies: readonly string[]
  /** Authenticates the forms of the sign-in and consent pages. */
  readonly forms: string
  /** Former keys of forms, newest first, for pages that were open while the keys were rotated. */
  readonly formerForms?: readonly string[] | undefined
}

const name = 'authorization-server-keys'
const context: SealContext = { tenant: defaultTenant, kind: 'authorization-server-keys', owner: 'gateway', id: name }

/** What a stored value belongs to, if it is the one that holds the keys. */
export function serverKeysContext(valueName: string): SealContext | undefined {
  return valueName === name ? context : undefined
}

/** Opens the stored keys, or makes them at the first start. Two processes that start at once end up with the same keys. */
export async function loadServerKeys(sealed: SealedValues, vault: Vault): Promise<ServerKeys> {
  const stored = await sealed.get(name)
  const text = stored ?? (await sealed.putIfAbsent(name, vault.seal(JSON.stringify(generateServerKeys()), context)))
  return JSON.parse(vault.open(text, context)) as ServerKeys
}

/** Former keys that are kept. Rotated once a quarter or less often, they outlive every session and grant they signed. */
const mostFormer = 8

/**
 * Makes new keys in front of the old ones, which go on verifying: nobody is signed out. With `discardFormer` every older key, the one in use
 * included, is worth nothing any more, as after a leak: browsers have to sign in again. Returns the id of the new signing key.
 * Rejects when there are no keys yet, or another process rotated at the same moment.
 */
export async function rotateServerKeys(
  sealed: SealedValues,
  vault: Vault,
  { discardFormer = false }: { readonly discardFormer?: boolean } = {},
): Promise<string> {
  const text = await sealed.get(name)
  if (text === undefined) throw new Error('there are no keys yet: the first start of the gateway makes them')
  const old = JSON.parse(vault.open(text, context)) as ServerKeys
  const made = generateServerKeys()
  const rotated = discardFormer ? made : putInFront(made, old)
  const replaced = await sealed.replace(name, text, vault.seal(JSON.stringify(rotated), context))
  if (!replaced) throw new Error('another process rotated the keys at the same moment')
  return made.signing.kid
}

function putInFront({ signing, cookies, forms }: ServerKeys, old: ServerKeys): ServerKeys {
  return {
    signing,
    formerSigning: [old.signing, ...(old.formerSigning ?? [])].slice(0, mostFormer),
    cookies: [...cookies, ...old.cookies].slice(0, mostFormer + 1),
    forms,
    formerForms: [old.forms, ...(old.formerForms ?? [])].slice(0, mostFormer),
  }
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
