import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamClientRecord, UpstreamClients } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { Vault } from '../../contracts/vault.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { upstreamClientContext } from '../sealed-connections.ts'
import { isSameIssuer } from './same-issuer.ts'

/** More than any gateway has: one for each server and callback. */
export const mostRegistrations = 100_000

/**
 * A client of the operator belongs to the server that it was registered at. Where the operator did not write that server down, it is the
 * one that the upstream named when somebody first connected; an upstream that names another one later is not given the secret. Rejects with
 * `credential_issuer_mismatch`.
 */
export async function pinManualClient(
  { clients, vault, clock }: { readonly clients: UpstreamClients; readonly vault: Vault; readonly clock: Clock },
  tenant: string,
  { id, oauth }: UpstreamSettings,
  issuer: string,
): Promise<void> {
  const clientId = oauth?.client?.clientId
  if (clientId === undefined || oauth?.client?.clientSecret === undefined) return
  if (oauth.authorizationServer !== undefined) return
  const place = { tenant, issuer, redirectUri: `manual:${id}` }
  if ((await clients.find(tenant, issuer, place.redirectUri))?.clientId === clientId) return
  const all = await clients.list({ tenant, limit: mostRegistrations })
  const pinned = all.find((record) => record.redirectUri === place.redirectUri && record.clientId === clientId)
  if (pinned !== undefined && isSameIssuer(pinned.issuer, issuer)) return
  if (pinned !== undefined) {
    const detail = `the client of the upstream was used at ${pinned.issuer}; now it names ${issuer}. Set authorizationServer if that is right`
    throw new GatewayError('credential_issuer_mismatch', { detail })
  }
  const sealed = vault.seal(JSON.stringify({ clientId, method: 'none' }), upstreamClientContext(place))
  const record: UpstreamClientRecord = { ...place, clientId, sealed, expiresAtMs: undefined, createdAtMs: clock() }
  const stored = await clients.putIfAbsent(record)
  // The operator registered another client there since.
  if (stored.clientId !== clientId) await clients.replace(stored.clientId, record)
}
