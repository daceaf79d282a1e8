import type { CredentialBroker } from '../contracts/credential.ts'
import type { CredentialSchemes } from '../contracts/credential-scheme.ts'
import type { ConnectionStore } from './connections.ts'

/** Hands every route the credentials of its upstream, and forgets connections that are no more. */
export interface ForgetfulBroker extends CredentialBroker, Pick<ConnectionStore, 'forget' | 'forgetAll'> {}

/** What the broker needs. */
export interface BrokerOptions {
  readonly connections: ConnectionStore
  readonly schemes: CredentialSchemes
}

/** The right credential for this subject and upstream, now: which scheme finds it is a matter of the mode alone. */
export function createBroker({ schemes, connections }: BrokerOptions): ForgetfulBroker {
  return {
    open: (upstream) => ({ upstream, ...schemes[upstream.mode](upstream) }),
    forget: (id) => connections.forget(id),
    forgetAll: () => connections.forgetAll(),
  }
}
