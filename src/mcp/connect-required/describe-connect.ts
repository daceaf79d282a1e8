import type { ConnectDetails } from '../../contracts/credential.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'

/** What to tell a person who is not connected. */
export interface ConnectAdvice {
  readonly refusal: GatewayError
  readonly upstream: UpstreamSettings
  /** One sentence without the link. */
  readonly summary: string
  /** Where this person can connect; undefined when they cannot do it themselves. */
  readonly url: string | undefined
  readonly state: ConnectDetails['state'] | undefined
  /** There is a connection, which does not work at the moment, or not for this. */
  readonly hasConnection: boolean
}

/** True for refusals that say something about a connection, as opposed to failures. */
export function isAboutConnection({ reason }: GatewayError): boolean {
  return reason.startsWith('connection_')
}

/** Reads the refusal of the broker. */
export function adviseConnect(refusal: GatewayError, upstream: UpstreamSettings): ConnectAdvice {
  const connect = refusal.details.data?.connect
  const details = isJsonObject(connect) ? (connect as unknown as ConnectDetails) : undefined
  const state = details?.state
  const url = state === 'admin_connect_required' ? undefined : details?.url
  const hasConnection = refusal.reason !== 'connection_required'
  return { refusal, upstream, summary: summarize(refusal, upstream, url), url, state, hasConnection }
}

function summarize(refusal: GatewayError, { displayName }: UpstreamSettings, url: string | undefined): string {
  if (url === undefined) return `${displayName}: ${refusal.message}`
  if (refusal.reason === 'connection_required') return `Connect ${displayName} to continue.`
  if (refusal.reason === 'connection_reconsent_required') return `Connect ${displayName} again to continue.`
  return `${displayName}: ${refusal.message}`
}

/** Summary and link in one sentence, for clients that only show text. */
export function sentenceWithLink({ summary, url }: ConnectAdvice): string {
  return url === undefined ? summary : `${summary} Open this link in a browser, then try again: ${url}`
}

/** Members that clients of different makes look for. */
export function connectErrorData({ upstream, url, state }: ConnectAdvice, routeName: string): JsonObject {
  return {
    upstreamServerId: upstream.id,
    operationId: routeName,
    authProfileId: `${upstream.id}:${upstream.mode}`,
    ...(state !== undefined && { state }),
    ...(url !== undefined && { authUrl: url, nextAction: 'redirect', connectRequired: { authUrl: url } }),
  }
}
