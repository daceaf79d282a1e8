import type { CredentialSource } from './credential.ts'
import type { CredentialMode, UpstreamSettings } from './upstream.ts'

/** How the credential of one upstream is obtained, and replaced once the upstream refuses it. */
export type CredentialScheme = Pick<CredentialSource, 'obtain' | 'renew'>

/** Makes the scheme of one route. It is called at every change of configuration, so what must outlive that belongs elsewhere. */
export type OpenCredentialScheme = (upstream: UpstreamSettings) => CredentialScheme

/** What each mode does. Plain data: a new mode is a new line. */
export type CredentialSchemes = { readonly [Mode in CredentialMode]: OpenCredentialScheme }
