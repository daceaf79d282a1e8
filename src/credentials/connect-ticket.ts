import type { Clock } from '../contracts/clock.ts'
import type { ConnectionKey, SealedValues } from '../contracts/storage.ts'
import type { Vault } from '../contracts/vault.ts'
import { randomId } from '../lib/random-id.ts'
import { loadSealer } from './load-sealer.ts'

/** Leave to make one connection. Whoever follows its link must be the owner; a ticket for the shared owner is for an administrator. */
export interface ConnectTicket extends ConnectionKey {
  /** For its single use. */
  readonly id: string
  /** The virtual server whose call needed the connection; undefined when no call did. */
  readonly virtualServer: string | undefined
  /** Asked for besides what is asked for anyway (step-up). */
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** Makes and reads connect tickets. That a ticket is used once only is up to whoever accepts it. */
export interface ConnectTickets {
  /** A ticket for ten minutes. Nothing is stored. */
  create(ticket: ConnectionKey & Partial<Pick<ConnectTicket, 'virtualServer' | 'scopes'>>): string
  /** Undefined when it is not one of ours for this upstream, or too old. */
  open(text: string, upstream: string): ConnectTicket | undefined
}

const lifetimeMs = 10 * 60 * 1000

/** Tickets sealed under a key of the store: every process of it, also the command line, makes and reads the same ones. */
export async function loadConnectTickets(values: SealedValues, vault: Vault, clock: Clock): Promise<ConnectTickets> {
  const sealer = await loadSealer(values, vault, 'connect-ticket')
  return {
    create({ tenant, upstream, owner, virtualServer, scopes = [] }) {
      const ticket: ConnectTicket = {
        id: randomId(),
        tenant,
        upstream,
        owner,
        virtualServer,
        scopes,
        expiresAtMs: clock() + lifetimeMs,
      }
      return sealer.seal(JSON.stringify(ticket), upstream)
    },
    open(text, upstream) {
      const json = sealer.open(text, upstream)
      if (json === undefined) return undefined
      const { virtualServer, ...ticket } = JSON.parse(json) as ConnectTicket
      return ticket.expiresAtMs > clock() ? { ...ticket, virtualServer } : undefined
    },
  }
}

/** Where this gateway is reached. */
export interface GatewayAddress {
  readonly publicUrl: string
  readonly basePath: string
}

/** The page that lists a person's connections. */
export function connectionsUrl({ publicUrl, basePath }: GatewayAddress): string {
  return `${publicUrl}${basePath}/auth/connections`
}

/** The page that connects one upstream, for whoever holds the ticket and is signed in as its owner. */
export function connectUrl(address: GatewayAddress, upstream: string, ticket: string): string {
  return `${connectionsUrl(address)}/${upstream}/connect?ticket=${ticket}`
}
