import type { Provider } from 'oidc-provider'
import type { Clock } from '../../contracts/clock.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'

const dayMs = 24 * 3600 * 1000

/** Extends the life of a registered client whenever it receives tokens, at most once a day: a client in use never expires. */
export function keepClientsAlive(
  provider: Provider,
  records: OAuthRecords,
  ttlSeconds: () => number,
  clock: Clock,
  log: Logger,
): void {
  provider.on('grant.success', (ctx) => {
    const clientId = ctx.oidc.client?.clientId
    if (clientId === undefined || clientId.startsWith('https://')) return
    extend(clientId).catch((error: unknown) => log.error({ err: error }, 'could not extend a registered client'))
  })
  async function extend(clientId: string): Promise<void> {
    const record = await records.find('Client', sha256(clientId))
    const expiresAtMs = clock() + ttlSeconds() * 1000
    if (record?.expiresAtMs === undefined || expiresAtMs - record.expiresAtMs < dayMs) return
    await records.upsert({ ...record, expiresAtMs })
  }
}
