import type { JsonObject } from '../lib/json.ts'
import type { Secret } from '../lib/secret.ts'

/** An OAuth client that the operator registers, in `clients` of sallyport.jsonc or by `sallyport clients create`. */
export interface PreRegisteredClient {
  readonly id: string
  /** Shown to people on the consent page, and in events. */
  readonly name: string
  readonly tenant: string
  /** How it authenticates: a secret (client_secret_basic), or keys (private_key_jwt). With none of the three it is public. */
  readonly secret?: Secret | undefined
  readonly jwks?: { readonly keys: readonly JsonObject[] } | undefined
  readonly jwksUri?: string | undefined
  /** Where people are sent back to; without any, nobody signs in through it. */
  readonly redirectUris: readonly string[]
  /** Names of the virtual servers that it may call on its own behalf (client_credentials); `*` is every one. */
  readonly servers: readonly string[]
  /** Scopes of tools that it may ask for then, besides those that every token carries. */
  readonly scopes: readonly string[]
}
