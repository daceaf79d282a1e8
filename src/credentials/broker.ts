import type { CredentialBroker } from '../contracts/credential.ts'
import type { ConnectTickets, GatewayAddress } from './connect-ticket.ts'
import type { ConnectionStore } from './connections.ts'
import { createConnectInvitations } from './invite-to-connect.ts'
import { createRefresher, type Refresher } from './refresh.ts'
import type { RefreshHost } from './refresh-connection.ts'
import { createSchemes } from './schemes/index.ts'
import type { MachineParts } from './schemes/machine-parts.ts'

/** Hands every route the credentials of its upstream, and forgets connections that are no more. */
export interface ForgetfulBroker
  extends CredentialBroker,
    Pick<ConnectionStore, 'forget' | 'forgetAll'>,
    Pick<Refresher, 'close'> {}

/** What the broker needs. */
export interface BrokerOptions extends RefreshHost, Pick<MachineParts, 'requestToken' | 'discovery' | 'signInTokens'> {
  readonly tickets: ConnectTickets
  readonly address: GatewayAddress
}

/** The right credential for this subject and upstream, now: how it is found is a matter of the mode alone. */
export function createBroker(options: BrokerOptions): ForgetfulBroker {
  const { connections, address, tickets } = options
  const invitations = createConnectInvitations(address, tickets)
  const refresher = createRefresher(options)
  const schemes = createSchemes({ ...options, invitations, refresher })
  return {
    open(upstream) {
      const scheme = schemes[upstream.mode](upstream)
      return {
        upstream,
        obtain: (exchange) => scheme.obtain(exchange),
        renew: (used, refusal, exchange) => scheme.renew(used, refusal, exchange),
      }
    },
    forget: (id) => connections.forget(id),
    forgetAll: () => connections.forgetAll(),
    close: () => refresher.close(),
  }
}
