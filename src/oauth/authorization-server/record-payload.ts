import type { AdapterPayload } from 'oidc-provider'
import type { OAuthRecord } from '../../contracts/storage.ts'
import type { SealContext, Vault } from '../../contracts/vault.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import type { SealedPart } from '../../storage/collect-sealed.ts'

// Valid JSON for the text "id", yet never written by JSON.stringify, which does not escape letters and doubles every backslash.
const marker = String.raw`\u0069\u0064`
/** Client ids and grant ids are no secrets and are needed to list and revoke. */
const publicIds = new Set(['Client', 'Grant'])

/** The payload as text without the id, which may be a bearer token or a cookie, wherever it occurs in it. */
export function hideId(model: string, id: string, payload: AdapterPayload): string {
  const stored = model === 'Interaction' && payload.session ? withoutSessionCookie(payload) : payload
  const text = JSON.stringify(stored)
  return publicIds.has(model) ? text : text.replaceAll(id, marker)
}

/** The payload with the id that its holder presented. */
export function restoreId(text: string, id: string): AdapterPayload {
  return JSON.parse(text.replaceAll(marker, id)) as AdapterPayload
}

/** Seals `client_secret` for storage. */
export function sealClientSecret(payload: AdapterPayload, idHash: string, vault: Vault): AdapterPayload {
  const { client_secret: secret, ...rest } = payload
  if (typeof secret !== 'string') return payload
  return { ...rest, sealed_client_secret: vault.seal(secret, secretContext(idHash)) }
}

/** The opposite of `sealClientSecret`. */
export function openClientSecret(payload: AdapterPayload, idHash: string, vault: Vault): AdapterPayload {
  const { sealed_client_secret: sealed, ...rest } = payload
  if (typeof sealed !== 'string') return payload
  return { ...rest, client_secret: vault.open(sealed, secretContext(idHash)) }
}

/** The sealed client secret of a stored client; undefined when it has none. */
export function readClientSecret({ idHash, payload }: OAuthRecord): SealedPart | undefined {
  const { sealed_client_secret: sealed, ...rest } = JSON.parse(payload) as AdapterPayload
  if (typeof sealed !== 'string') return undefined
  const payloadWith = (next: string) => JSON.stringify({ ...rest, sealed_client_secret: next })
  return { sealed, context: secretContext(idHash), payloadWith }
}

function secretContext(idHash: string): SealContext {
  return { tenant: defaultTenant, kind: 'oauth-client-secret', owner: idHash, id: idHash }
}

/** An interaction carries the cookie of its browser session, which nothing reads. */
function withoutSessionCookie(payload: AdapterPayload): AdapterPayload {
  return { ...payload, session: { ...payload.session, cookie: undefined } }
}
