import type { Secret } from '../lib/secret.ts'
import type { SignInTokens } from './sign-in-tokens.ts'

// `*` and a slash before a name stand for any claim that ends so: namespaced claims of Auth0.
/** Where claims of a person are found: names of claims or dot paths. The first that exists counts. */
export interface ClaimPlaces {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly tenant: readonly string[]
  /** Absent: nobody is in a team. */
  readonly team?: readonly string[] | undefined
}

/** Who may sign in. An absent list allows everybody; values are compared without regard to case. */
export interface AllowLists {
  /** Values of the tenant claim. */
  readonly tenants?: readonly string[] | undefined
  /** Values of Google's `hd` claim. */
  readonly hostedDomains?: readonly string[] | undefined
  /** Domains of email addresses that the provider verified. */
  readonly emailDomains?: readonly string[] | undefined
}

/** How the tenant claim of people says in which tenant of the gateway they are. Without these rules it says nothing. */
export interface TenantRules {
  /** Tenants by value of the claim; other values are refused. Absent: the value is the name of the tenant. */
  readonly map?: { readonly [value: string]: string } | undefined
}

/** What allow-lists look at, as the provider wrote it. */
export interface Admission {
  readonly tenants: readonly string[]
  readonly hostedDomains: readonly string[]
  /** Domain of the email address. */
  readonly emailDomain: string | undefined
  readonly emailVerified: boolean
}

/** How people sign in at one identity provider (OpenID Connect), from the options of a sign-in policy. */
export interface IdentityProviderSettings {
  readonly issuer: string
  /** Used instead of what discovery says; with all three there is no discovery. */
  readonly authorizationUrl: string | undefined
  readonly tokenUrl: string | undefined
  readonly jwksUrl: string | undefined
  readonly clientId: string
  /** Absent for public clients. */
  readonly clientSecret: Secret | undefined
  /** How the gateway authenticates at the token endpoint; absent: what the provider's metadata prefers. */
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post' | undefined
  readonly scope: string
  /** Sent with every authorization request besides those of the protocol. */
  readonly authorizationParameters: { readonly [name: string]: string }
  /** The `prompt` that lets people choose another account. */
  readonly accountPrompt: 'login' | 'select_account'
  /** For every single request to the provider. */
  readonly remoteTimeoutMs: number
  /** Claims that name a person for good within the issuer. */
  readonly subjectClaims: readonly string[]
  readonly claims: ClaimPlaces
  readonly allow: AllowLists
  /** Absent: people are in the tenant of the virtual server that they use, or in the default one. */
  readonly tenants?: TenantRules | undefined
  /** How long after a sign-in here people and their clients stay known; absent: as long as their sessions and grants. */
  readonly signInAgainAfterSeconds?: number | undefined
  /** Ask the userinfo endpoint for what the ID token does not say. */
  readonly userInfo: boolean
}

/** A person as an identity provider described them at their last sign-in. */
export interface Person {
  /** Stable: issuer and the subject claims. */
  readonly subject: string
  /** Issuer of the sign-in policy that they signed in with, without a closing slash. */
  readonly provider: string
  /** For display only. */
  readonly displayName: string | undefined
  /** For display only. */
  readonly email: string | undefined
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** The tenant claim as the provider wrote it, for policies. It names a tenant of the gateway only by `TenantRules`. */
  readonly tenant: string | undefined
  /** The first name in the team claim: what their calls are attributed to. */
  readonly team?: string | undefined
  /** Kept, so that a list that was made shorter counts for people who are signed in already. */
  readonly admission: Admission
}

/** What must be remembered between sending a person to the provider and their return. */
export interface PendingSignIn {
  /** Issuer and client it was begun with: after a reload they may differ. */
  readonly issuer: string
  readonly clientId: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** How one sign-in is begun. */
export interface SignInStart {
  /** Our callback URL. */
  readonly redirectUri: string
  /** Ask the provider to let the person choose an account, though it knows one. */
  readonly chooseAccount: boolean
}

/** Who signed in, and what the provider issued. */
export interface FinishedSignIn {
  readonly person: Person
  readonly tokens: SignInTokens
}

/** Signs people in at an identity provider. Its functions reject with a `GatewayError` of an `identity_*` reason. */
export interface IdentityProvider {
  readonly settings: IdentityProviderSettings
  /** Where to send the browser, and what to remember. */
  begin(start: SignInStart): Promise<{ readonly url: URL; readonly pending: PendingSignIn }>
  /** Redeems the answer, which is our callback URL with the provider's parameters. */
  finish(answer: URL, pending: PendingSignIn): Promise<FinishedSignIn>
  /** New tokens of the same person for a refresh token of `finish`. */
  refresh(refreshToken: string): Promise<SignInTokens>
  /** Where people can end their session at the provider; undefined when it does not say (OpenID RP-Initiated Logout §2.1). */
  findSignOutUrl(): Promise<URL | undefined>
}
