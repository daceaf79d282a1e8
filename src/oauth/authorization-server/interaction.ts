import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { IdentityProvider } from '../../contracts/identity-provider.ts'
import type { SignInTokenStore } from '../../contracts/sign-in-tokens.ts'
import type { UpstreamLinks } from '../../contracts/upstream-links.ts'
import type { SignInSettings, VirtualServer, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import type { PersonRecords } from '../../identity/person-records.ts'
import type { RenderedPage } from '../pages/render-page.ts'
import type { FindKnownSubject } from './configure-provider.ts'
import type { FormTokens } from './form-token.ts'
import type { EventFacts, OAuthEvents } from './record-oauth-events.ts'
import type { RememberedConsents } from './remembered-consents.ts'
import type { RequestContext } from './request-context.ts'
import type { SignInStates } from './sign-in-states.ts'

/** What the pages between authorize and redirect work with. */
export interface InteractionHost {
  readonly provider: Provider
  readonly publicUrl: string
  readonly basePath: string
  readonly virtualServers: VirtualServerDirectory
  readonly settings: () => SignInSettings
  readonly formTokens: FormTokens
  readonly events: OAuthEvents
  /** Where people sign in; undefined with dev login. */
  readonly identityProvider: () => IdentityProvider | undefined
  /** Where identity providers send people back to. */
  readonly callbackUrl: string
  readonly signInStates: SignInStates
  readonly consents: RememberedConsents
  readonly people: PersonRecords
  /** Undefined for people whom the present way of signing in does not know. */
  readonly findKnownSubject: FindKnownSubject
  /** What is left to connect; absent: no virtual server needs a connection. */
  readonly upstreamLinks: UpstreamLinks | undefined
  /** Where the tokens of sign-ins are kept; undefined while no route exchanges them. */
  readonly signInTokens: () => SignInTokenStore | undefined
  /** Something about this person changed: their tokens are read anew. */
  readonly forgetSubject: (subject: string) => void
}

/** An interaction of the provider. */
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** One visit to a page of a sign-in: the interaction of this browser, what it is for, and the form if one was sent. */
export interface SignInVisit {
  readonly interaction: Interaction
  /** Who asks for what; undefined when it is a page of the gateway itself that needs to know who is there. */
  readonly asking: AskingClient | undefined
  readonly facts: EventFacts
  readonly formToken: string
  readonly formTargets: readonly string[]
  /** Undefined for GET. */
  readonly form: URLSearchParams | undefined
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly context: RequestContext
}

/** The client of an authorization request, and what it wants to use. */
export interface AskingClient {
  readonly clientName: string
  readonly redirectUri: string
  /** All that the client registered. */
  readonly redirectUris: readonly string[]
  readonly server: VirtualServer
  /** That of a pre-registered client. */
  readonly tenant: string | undefined
}

/** One visit to a page that belongs to an authorization request. */
export interface Visit extends SignInVisit {
  readonly asking: AskingClient
  /** The tenant that claims of the signed-in person name. */
  readonly claimedTenant: string | undefined
}

/** A page to show, or undefined when the response was answered already. */
export type VisitAnswer = { readonly page: RenderedPage; readonly status: number } | undefined

/** Host of a client id that is a URL. */
export function hostOf(clientId: string): string | undefined {
  return clientId.startsWith('https://') ? URL.parse(clientId)?.host : undefined
}
