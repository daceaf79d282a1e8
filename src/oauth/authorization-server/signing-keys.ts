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

/** How keys are rotated. */
export interface KeyRotation {
  /** Forget every older key, the one in use included, as after a leak: browsers have to sign in again. */
  readonly discardFormer?: boolean | undefined
  /** Resolves when all running gateways have read the stored keys anew. */
  readonly tell?: ((kid: string) => Promise<void>) | undefined
}

/**
 * Makes new keys. The old ones go on verifying, and every gateway knows the new ones before any signs with them: nobody is signed out,
 * whichever of several gateways a browser comes to. Returns the id of the new signing key; running gateways still sign with the old one
 * until they read the keys anew. Rejects when there are no keys yet, or another process rotates at the same moment.
 */
export async function rotateServerKeys(
  sealed: SealedValues,
  vault: Vault,
  { discardFormer = false, tell }: KeyRotation = {},
): Promise<string> {
  const made = generateServerKeys()
  const { kid } = made.signing
  if (!discardFormer) {
    await changeKeys(sealed, vault, (old) => putSecond(made, old))
    await tell?.(kid)
  }
  await changeKeys(sealed, vault, (old) => (discardFormer ? made : promoteSecond(kid, old)))
  return kid
}

async function changeKeys(sealed: SealedValues, vault: Vault, change: (old: ServerKeys) => ServerKeys): Promise<void> {
  const text = await sealed.get(name)
  if (text === undefined) throw new Error('there are no keys yet: the first start of the gateway makes them')
  const changed = change(JSON.parse(vault.open(text, context)) as ServerKeys)
  const replaced = await sealed.replace(name, text, vault.seal(JSON.stringify(changed), context))
  if (!replaced) throw new Error(rotatedElsewhere)
}

const rotatedElsewhere = 'another process rotated the keys at the same moment'

/** The new keys verify, and do not sign. */
function putSecond(made: ServerKeys, old: ServerKeys): ServerKeys {
  const [current = '', ...formerCookies] = old.cookies
  return {
    ...old,
    formerSigning: [made.signing, ...(old.formerSigning ?? [])].slice(0, mostFormer),
    cookies: [current, ...made.cookies, ...formerCookies].slice(0, mostFormer + 1),
    formerForms: [made.forms, ...(old.formerForms ?? [])].slice(0, mostFormer),
  }
}

/** The keys that were put second sign, and those that did are second. */
function promoteSecond(kid: string, old: ServerKeys): ServerKeys {
  const [signing, ...formerSigning] = old.formerSigning ?? []
  const [forms, ...formerForms] = old.formerForms ?? []
  const [current, next, ...formerCookies] = old.cookies
  const isComplete = forms !== undefined && current !== undefined && next !== undefined
  if (signing?.kid !== kid || !isComplete) throw new Error(rotatedElsewhere)
  return {
    signing,
    formerSigning: [old.signing, ...formerSigning],
    cookies: [next, current, ...formerCookies],
    forms,
    formerForms: [old.forms, ...formerForms],
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
