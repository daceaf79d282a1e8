import type { Clock } from '../../contracts/clock.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'

/** What a person allowed. When any of it changes, the person is asked again (MCP authorization: confused deputy). */
export interface ConsentFacts {
  readonly tenant: string
  readonly subject: string
  readonly clientId: string
  /** All redirect URIs of the client; their hosts count. */
  readonly redirectUris: readonly string[]
  /** Where this answer goes. */
  readonly redirectUri: string
  readonly resource: string
  readonly scope: string
}

/** Consents that need not be asked for again. */
export interface RememberedConsents {
  /** The grant that the person gave for exactly this, or undefined when they must be asked. */
  find(facts: ConsentFacts): Promise<string | undefined>
  remember(facts: ConsentFacts, grantId: string): Promise<void>
}

const model = 'Consent'
/** Half a year: after that the person is asked again, however the grant lives on. */
const ttlMs = 182 * 24 * 60 * 60 * 1000

/**
 * Remembers consents as records that live and end with their grant: whoever revokes it is asked again. Answers to this computer
 * are never remembered: any program there can listen at a loopback port or claim a private scheme (RFC 8252 §8.6).
 */
export function createRememberedConsents(records: OAuthRecords, clock: Clock): RememberedConsents {
  return {
    async find(facts) {
      if (!isRememberable(facts)) return undefined
      const record = await records.find(model, keyOf(facts))
      const expired = record?.expiresAtMs !== undefined && record.expiresAtMs <= clock()
      return expired ? undefined : record?.grantId
    },
    async remember(facts, grantId) {
      if (!isRememberable(facts)) return
      const { tenant, subject, clientId, resource } = facts
      await records.upsert({
        model,
        tenant,
        idHash: keyOf(facts),
        grantId,
        uid: undefined,
        payload: JSON.stringify({ subject, clientId, resource }),
        expiresAtMs: clock() + ttlMs,
        consumedAtMs: undefined,
      })
    },
  }
}

function isRememberable({ redirectUri }: ConsentFacts): boolean {
  return redirectUri.startsWith('https://')
}

function keyOf({ tenant, subject, clientId, redirectUris, resource, scope }: ConsentFacts): string {
  const hosts = [...new Set(redirectUris.map((uri) => URL.parse(uri)?.host ?? uri))].sort()
  const scopes = scope.split(' ').filter(Boolean).sort()
  return sha256(JSON.stringify([tenant, subject, clientId, hosts, resource, scopes]))
}
