import type { ConnectionKey } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { ConnectHost } from './connect-host.ts'
import type { KeyVerdict } from './try-key.ts'

/** A key that somebody wants to store. */
export interface OfferedKey {
  readonly upstream: UpstreamSettings
  /** Where it is stored. */
  readonly key: ConnectionKey
  /** As pasted. */
  readonly text: string
  /** Who stores it. */
  readonly subject: string
}

/** What may stand in a header field besides letters and digits (RFC 9110 §5.5), without the blanks around what people paste. */
const keyPattern = /^[\x21-\x7e](?:[\x20-\x7e]{0,8190}[\x21-\x7e])?$/

/**
 * Tries a key at the upstream and stores it. A key that the upstream does not accept is not stored; one that could not be tried is.
 * `admit` runs just before it is stored, and prevents it by rejecting.
 */
export async function storeKey(
  { upstream, key, text, subject }: OfferedKey,
  host: Pick<ConnectHost, 'tryKey' | 'connections'>,
  admit: () => Promise<void> = async () => {},
): Promise<Exclude<KeyVerdict, 'rejected'> | GatewayError> {
  const pasted = text.trim()
  if (!keyPattern.test(pasted))
    return new GatewayError('credential_key_rejected', {
      message: 'This is not a key: it is empty or has characters that no header may carry.',
    })
  const verdict = await host.tryKey(upstream, pasted)
  if (verdict === 'rejected') return new GatewayError('credential_key_rejected')
  await admit()
  await host.connections.put(key, { kind: 'api-key', key: pasted, url: upstream.url }, subject)
  return verdict
}
