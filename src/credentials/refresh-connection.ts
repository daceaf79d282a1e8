import { setTimeout as wait } from 'node:timers/promises'
import type { EventRecorder } from '../analytics/event.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Exchange } from '../contracts/exchange.ts'
import type { Logger } from '../contracts/logger.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { recordConnectEvent } from './connect/record-connect-events.ts'
import type { Connection, ConnectionStore, OAuthCredential } from './connections.ts'
import type { RefreshTokens, TokenSet } from './token-endpoint.ts'

/** What refreshing needs. */
export interface RefreshHost {
  readonly connections: ConnectionStore
  readonly refreshTokens: RefreshTokens
  readonly recorder: EventRecorder
  readonly log: Logger
  readonly clock: Clock
}

/** A connection whose token is to be replaced, and the call that needs it. */
export interface RefreshTask {
  readonly connection: Connection<OAuthCredential>
  readonly upstream: UpstreamSettings
  readonly by: Pick<Exchange, 'requestId' | 'routeName' | 'subject'>
}

/** What is known of a connection after a refresh: as it is now, perhaps by somebody else; or why there is no other token. */
export type RefreshOutcome = Connection | GatewayError | undefined

/** How long a new token that cannot be stored is kept. Nobody uses it meanwhile. Milliseconds. */
const longestStoringMs = 20_000

/**
 * Uses the refresh token once and stores what comes of it. Only for the holder of the connection's lease, which has ended when this settles,
 * whatever happens: a lease that stayed behind would hold everybody up.
 */
export async function refreshConnection(host: RefreshHost, task: RefreshTask, holder: string): Promise<RefreshOutcome> {
  const { connections, refreshTokens, log } = host
  const { record, credential } = task.connection
  let changed: Connection | undefined
  try {
    const answer = await refreshTokens({ tenant: record.tenant, upstream: task.upstream, credential })
    if (!(answer instanceof GatewayError)) changed = await storeTokens(host, task, answer)
    else if (answer.reason === 'connection_reconsent_required') changed = await endConnection(host, task, answer)
    else return recordRefusal(host, task, answer)
    // Without a change the lease had ended before the answer came, or somebody connected or disconnected meanwhile: theirs holds.
    return changed ?? (await connections.find(record))
  } finally {
    if (changed === undefined) {
      await connections.release(record, holder).catch((err: unknown) => log.error({ err }, 'could not release a lease'))
    }
  }
}

/** There is no way to another token but the person's consent. Undefined when the connection is not as it was before. */
export async function endConnection(
  host: RefreshHost,
  task: RefreshTask,
  refusal: GatewayError,
): Promise<Connection | undefined> {
  const ended = await host.connections.requireConsent(task.connection, refusal.reason)
  if (ended !== undefined) recordRefusal(host, task, refusal)
  return ended
}

async function storeTokens(host: RefreshHost, task: RefreshTask, tokens: TokenSet): Promise<Connection | undefined> {
  const { credential } = task.connection
  const stored = await storeDurably(host, task.connection, {
    ...credential,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? credential.refreshToken,
    expiresAtMs: tokens.expiresAtMs,
    scopes: tokens.scopes ?? credential.scopes,
    obtainedAtMs: host.clock(),
  })
  if (stored !== undefined) recordConnectEvent(host, 'auth_upstream_refreshed', ...describe(task))
  return stored
}

/** The old refresh token may be dead already, so a store that is busy or full for a moment is asked again. */
async function storeDurably(
  { connections, clock, log }: RefreshHost,
  connection: Connection,
  credential: OAuthCredential,
): Promise<Connection | undefined> {
  const endMs = clock() + longestStoringMs
  for (let pauseMs = 50; ; pauseMs *= 2) {
    try {
      return await connections.update(connection, credential)
    } catch (error) {
      log.error({ err: error, connection: connection.record.id }, 'could not store a refreshed token')
      if (clock() + pauseMs > endMs) throw error
      await wait(pauseMs)
    }
  }
}

function recordRefusal(host: RefreshHost, task: RefreshTask, refusal: GatewayError): GatewayError {
  recordConnectEvent(host, 'auth_upstream_failed', ...describe(task), refusal)
  return refusal
}

function describe({ connection: { record }, upstream, by: { requestId, routeName, subject } }: RefreshTask) {
  const facts = { tenant: record.tenant, subject: subject?.id ?? null, virtualServer: routeName }
  return [requestId, upstream, { ...facts, detail: `connection ${record.id}` }] as const
}
