import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { BrowserPerson } from '../../contracts/upstream-links.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { sha256 } from '../../lib/hash.ts'
import type { ConnectTicket } from '../connect-ticket.ts'
import { ownerOf, sharedOwner } from '../connections.ts'
import { type ConnectHost, PageRefusal } from './connect-host.ts'
import { type ConnectRequest, listPath, upstreamPath } from './connection-paths.ts'
import { listTenants, mayActIn } from './tenants.ts'

/** Leave of this person to make one connection. */
export interface ConnectLeave {
  readonly upstream: UpstreamSettings
  readonly tenant: string
  readonly owner: string
  readonly ticket: ConnectTicket | undefined
}

/** Tickets that were used, in the records of the authorization server. */
const usedTicketModel = 'ConnectTicket'

/**
 * Whose connection this person may make here. Their own: always. The one that serves everybody: only with a ticket of an administrator. A
 * ticket that was made for somebody else gives nothing, and the page that says so names nobody.
 */
export async function admitConnect(
  upstream: UpstreamSettings,
  asked: ConnectRequest,
  person: BrowserPerson,
  page: 'connect' | 'key',
  host: ConnectHost,
): Promise<ConnectLeave> {
  if (asked.ticket === undefined) {
    if (isShared(upstream)) throw new GatewayError('connection_admin_required', { status: 403 })
    return {
      upstream,
      tenant: chooseTenant(upstream, asked, person, host),
      owner: ownerOf(person.subject),
      ticket: undefined,
    }
  }
  const refuse = (detail: string, links: PageRefusal['links'] = []) =>
    new PageRefusal(new GatewayError('connection_link_invalid', { detail }), [
      ...links,
      asked.returnPath === undefined
        ? { path: listPath(host.basePath), label: 'Your connections' }
        : { path: asked.returnPath, label: 'Back' },
    ])
  const ticket = host.tickets.open(asked.ticket, upstream.id)
  if (ticket === undefined) throw refuse('the ticket is forged, of another upstream, or too old')
  if (await wasUsed(ticket, host)) throw refuse('the ticket was used')
  const owner = isShared(upstream) ? sharedOwner : ownerOf(person.subject)
  const { tenant } = ticket
  if (ticket.owner !== owner || !mayActIn(tenant, person, upstream.id, host.upstreams)) {
    const path = `${upstreamPath(host.basePath, upstream.id, page, asked)}&switch=1`
    throw refuse('the ticket is of somebody else', [{ path, label: 'Sign in as somebody else' }])
  }
  return { upstream, tenant, owner, ticket }
}

/** The tenant of a connection that a person makes or removes without a ticket. Throws when they may not act in the one they ask for. */
export function chooseTenant(
  { id }: UpstreamSettings,
  { tenant: asked }: Pick<ConnectRequest, 'tenant'>,
  person: BrowserPerson,
  { upstreams }: Pick<ConnectHost, 'upstreams'>,
): string {
  const tenant = asked ?? listTenants(person, id, upstreams)[0]
  if (tenant !== undefined && mayActIn(tenant, person, id, upstreams)) return tenant
  throw new GatewayError('tenant_mismatch', {
    status: 403,
    detail: `the upstream "${id}" is not for the tenant of this person`,
  })
}

/** Uses the ticket up, if there is one. Throws when it was used meanwhile: exactly one visit gets through. */
export async function consumeTicket({ ticket }: ConnectLeave, host: ConnectHost): Promise<void> {
  if (ticket === undefined) return
  const idHash = sha256(ticket.id)
  // The ticket itself is stored nowhere before. Writing the record again does not make a used one usable.
  await host.records.upsert({
    model: usedTicketModel,
    tenant: ticket.tenant,
    idHash,
    grantId: undefined,
    uid: undefined,
    payload: '{}',
    expiresAtMs: ticket.expiresAtMs,
    consumedAtMs: undefined,
  })
  if (await host.records.consume(usedTicketModel, idHash, host.clock())) return
  throw new GatewayError('connection_link_invalid', { detail: 'the ticket was used' })
}

async function wasUsed({ id }: ConnectTicket, { records }: ConnectHost): Promise<boolean> {
  return (await records.find(usedTicketModel, sha256(id)))?.consumedAtMs !== undefined
}

/** True when one connection serves everybody. */
export function isShared({ mode }: UpstreamSettings): boolean {
  return mode === 'shared-oauth' || mode === 'shared-api-key'
}

/** True when a key is stored rather than a sign-in made. */
export function usesKey({ mode }: UpstreamSettings): boolean {
  return mode === 'user-api-key' || mode === 'shared-api-key'
}

/** True when somebody has to connect it: a person, or an administrator for everybody. */
export function isConnectable(upstream: UpstreamSettings): boolean {
  return isShared(upstream) || usesKey(upstream) || upstream.mode === 'user-oauth'
}
