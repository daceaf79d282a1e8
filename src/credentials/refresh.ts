import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../errors/gateway-error.ts'
import { Lru } from '../lib/lru.ts'
import { randomId } from '../lib/random-id.ts'
import { type Connection, isOAuth, type OAuthCredential } from './connections.ts'
import {
  endConnection,
  type RefreshHost,
  type RefreshOutcome,
  type RefreshTask,
  refreshConnection,
} from './refresh-connection.ts'
import { tokenRequestTimeoutMs } from './token-endpoint.ts'
import { readFreshness } from './token-freshness.ts'

/** Replaces access tokens. */
export interface Refresher {
  /**
   * A newer access token, refreshed by this process or by another one; undefined when the connection was removed. A connection that needs
   * consent again comes back in that state. A failure that may pass is a `credential_*` reason, and for some seconds the same one.
   */
  refresh(task: RefreshTask): Promise<RefreshOutcome>
  /** Refreshes while calls go on with the token at hand. */
  refreshEarly(task: RefreshTask): void
  /** Begins no refresh any more, and waits until the tokens of those under way are stored: their old ones may be dead already. */
  close(): Promise<void>
}

/** The right to refresh outlives the token request by far: a refresh token is never used by two holders at once. Milliseconds. */
const leaseMs = tokenRequestTimeoutMs + 30_000
/** How long one call waits for another process: longer than for the lease of one that died. */
const longestWaitMs = leaseMs + 5000
/** After a failure, unless the server says when. */
const pauseMs = 5000
const longestPauseMs = 5 * 60_000

/** One refresh of one connection at a time, in this process and in all that share the store. */
export function createRefresher(host: RefreshHost): Refresher {
  const running = new Map<string, Promise<RefreshOutcome>>()
  const failures = new Lru<string, { readonly error: GatewayError; readonly untilMs: number }>(10_000)
  let closing = false

  async function attempt(task: RefreshTask): Promise<RefreshOutcome> {
    const { id } = task.connection.record
    const failure = failures.get(id)
    if (failure && host.clock() < failure.untilMs) return failure.error
    const outcome = await refreshInTurn(host, task, () => closing)
    if (outcome instanceof GatewayError) failures.set(id, { error: outcome, untilMs: host.clock() + pauseOf(outcome) })
    else failures.delete(id)
    return outcome
  }

  function refresh(task: RefreshTask): Promise<RefreshOutcome> {
    const { id } = task.connection.record
    const known = running.get(id)
    if (known) return known
    const started = attempt(task).finally(() => running.delete(id))
    running.set(id, started)
    return started
  }

  return {
    refresh,
    refreshEarly(task) {
      refresh(task).catch((error: unknown) =>
        host.log.error({ err: error, upstream: task.upstream.id }, 'could not refresh a token'),
      )
    },
    async close() {
      closing = true
      await Promise.allSettled(running.values())
    },
  }
}

function pauseOf({ details }: GatewayError): number {
  const seconds = Number(details.headers?.['retry-after'])
  return seconds > 0 ? Math.min(seconds * 1000, longestPauseMs) : pauseMs
}

/** Takes the right to refresh, or waits until whoever has it is done: what they stored is as good. */
async function refreshInTurn(
  host: RefreshHost,
  { connection, ...task }: RefreshTask,
  isClosing: () => boolean,
): Promise<RefreshOutcome> {
  const { connections, clock } = host
  const holder = randomId()
  const endMs = clock() + longestWaitMs
  let current = connection
  for (let waitMs = 25; clock() < endMs && !isClosing(); waitMs = Math.min(waitMs * 1.5, 500)) {
    const { record, credential } = current
    const turn = { ...task, connection: current }
    if (credential.refreshToken === undefined) {
      const ended = await endConnection(host, turn, new GatewayError('connection_reconsent_required'))
      if (ended !== undefined) return ended
    } else if (await connections.lease(record, record, holder, clock() + leaseMs)) {
      return refreshConnection(host, turn, holder)
    }
    const stored = await connections.find(record)
    if (!isRefreshable(stored)) return stored
    if (!isSame(stored, current)) {
      if (readFreshness(stored.credential, clock()) !== 'expired') return stored
      current = stored
    } else {
      await wait(waitMs)
    }
  }
  return new GatewayError('credential_provider_unreachable', {
    detail: isClosing()
      ? 'this gateway is stopping'
      : 'another process holds the right to refresh this connection and does not come to an end',
  })
}

/** False for what a refresh cannot help any more: removed, in need of consent, or an API key by now. */
function isRefreshable(connection: Connection | undefined): connection is Connection<OAuthCredential> {
  return connection !== undefined && isOAuth(connection) && connection.record.state === 'connected'
}

/** False when somebody stored another token, or made another connection. */
function isSame({ record }: Connection, { record: known }: Connection): boolean {
  return record.id === known.id && record.generation === known.generation
}
