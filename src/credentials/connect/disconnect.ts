import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectionKey } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { ConnectionStore, OAuthCredential } from '../connections.ts'
import type { UpstreamAuthorization } from './connect-host.ts'

/** What disconnecting needs. */
export interface DisconnectHost {
  readonly connections: Pick<ConnectionStore, 'find' | 'remove'>
  readonly authorization: Pick<UpstreamAuthorization, 'revoke'>
  /** How long somebody waits for the revocation. Default 10,000. Milliseconds. */
  readonly patienceMs?: number | undefined
}

/**
 * Removes a connection here first, then revokes it at the upstream as well as that can be done: whoever disconnects is disconnected, also
 * when the upstream is down. Says what came of the revocation; undefined when there was no connection. An upstream that left the project is
 * not asked.
 */
export async function disconnect(
  upstream: UpstreamSettings | undefined,
  key: ConnectionKey,
  host: DisconnectHost,
): Promise<string | undefined> {
  const { connections } = host
  const connection = await connections.find(key).catch(() => undefined)
  if (!(await connections.remove(key))) return undefined
  if (connection === undefined) return 'its secret could not be opened, so nothing was revoked at the upstream'
  const { credential } = connection
  if (credential.kind === 'api-key') return 'the key stays valid at the upstream'
  const revoked = upstream !== undefined && (await revoke(upstream, key.tenant, credential, host))
  return revoked ? 'revoked at the upstream' : 'not revoked at the upstream'
}

/** True when the upstream said in time that the tokens are revoked. */
async function revoke(
  upstream: UpstreamSettings,
  tenant: string,
  credential: OAuthCredential,
  { authorization, patienceMs = 10_000 }: DisconnectHost,
): Promise<boolean> {
  const answered = new AbortController()
  const late = delay(patienceMs, false, { signal: answered.signal }).catch(() => false)
  const revoked = await Promise.race([authorization.revoke(upstream, tenant, credential), late])
  answered.abort()
  return revoked
}
