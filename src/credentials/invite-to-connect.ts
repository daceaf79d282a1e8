import type { ConnectDetails } from '../contracts/credential.ts'
import type { Exchange } from '../contracts/exchange.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { type ConnectTickets, connectionsUrl, connectUrl, type GatewayAddress } from './connect-ticket.ts'
import { ownerOf } from './connections.ts'

/** Why somebody has to connect. */
export interface ConnectCause {
  readonly reason: 'connection_required' | 'connection_reconsent_required' | 'connection_scope_required'
  /** For the operator. */
  readonly detail?: string | undefined
  /** To be asked for besides the usual ones. */
  readonly scopes?: readonly string[] | undefined
}

/** Makes refusals that tell a caller how to go on: with a link that works for this caller alone. */
export interface ConnectInvitations {
  /** For a connection of the caller's own. Callers that have no browser get no link. */
  inviteSubject(upstream: UpstreamSettings, exchange: Exchange, cause: ConnectCause): GatewayError
  /** For one that serves everybody: only an administrator can make it, with a link that the command line prints. */
  askAdministrator(upstream: UpstreamSettings, cause: ConnectCause): GatewayError
}

/** API keys and clients on their own behalf are nobody who could open a page. */
const withoutBrowser = /^(?:consumer|client):/

/** A link is made by sealing a ticket: no write, and nothing to clean up when nobody follows it. */
export function createConnectInvitations(address: GatewayAddress, tickets: ConnectTickets): ConnectInvitations {
  return {
    inviteSubject(upstream, { tenant, subject, routeName }, { reason, detail, scopes }) {
      if (subject === undefined) return new GatewayError('credential_missing', { detail: 'the caller is nobody' })
      if (withoutBrowser.test(subject.id)) {
        const storesKeys = upstream.mode === 'user-api-key' && subject.id.startsWith('consumer:')
        const message = storesKeys ? describeKeyApi(upstream, address) : undefined
        return new GatewayError('connection_unsupported', { detail, message })
      }
      const ticket = tickets.create({
        tenant,
        upstream: upstream.id,
        owner: ownerOf(subject.id),
        virtualServer: routeName,
        scopes: scopes ?? [],
      })
      const state = reason === 'connection_required' ? 'authenticating' : 'reconsent_required'
      const connect = describe(upstream, state, connectUrl(address, upstream.id, ticket))
      return new GatewayError(reason, { detail, data: { connect } })
    },
    askAdministrator(upstream, { reason, detail }) {
      const connect = describe(upstream, 'admin_connect_required', connectionsUrl(address))
      const refusal = reason === 'connection_scope_required' ? reason : 'connection_admin_required'
      return new GatewayError(refusal, { detail, data: { connect } })
    },
  }
}

/** What a program with an API key can do by itself; for other callers and modes there is nothing. */
function describeKeyApi({ id }: UpstreamSettings, address: GatewayAddress): string {
  return `This caller has no key for this upstream yet. Store one with PUT ${connectionsUrl(address)}/${id}/key.`
}

function describe(upstream: UpstreamSettings, state: ConnectDetails['state'], url: string): ConnectDetails {
  const { id, displayName, mode } = upstream
  return { upstreamId: id, displayName, state, url, mode }
}
