import type { IncomingMessage } from 'node:http'
import type { EventRecorder } from '../analytics/event.ts'
import type { ApiKeyVerifier } from '../contracts/api-key.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { SignInTokenStore } from '../contracts/sign-in-tokens.ts'
import type { ConnectionKey, Storage } from '../contracts/storage.ts'
import type { UpstreamDirectory } from '../contracts/upstream.ts'
import type { BrowserSignIn, UpstreamLinks } from '../contracts/upstream-links.ts'
import type { Vault } from '../contracts/vault.ts'
import type { Mount } from '../http/dispatch.ts'
import { createBroker, type ForgetfulBroker } from './broker.ts'
import { callbackUrl } from './connect/answer-connect.ts'
import { createBrowserCookie } from './connect/browser-cookie.ts'
import { createConnectionPages } from './connect/connection-pages.ts'
import { disconnect } from './connect/disconnect.ts'
import { createPendingConnects, pendingConnectSeconds } from './connect/pending-connects.ts'
import { sendProbe } from './connect/send-probe.ts'
import { tryKey } from './connect/try-key.ts'
import { type GatewayAddress, loadConnectTickets } from './connect-ticket.ts'
import { createConnectionStore } from './connections.ts'
import { createClientDocumentMount } from './oauth-client/client-document.ts'
import { createUpstreamOAuthClient } from './oauth-client/create-oauth-client.ts'
import { createUpstreamLinks } from './upstream-links.ts'

/** What the credentials of a gateway are made of. */
export interface CredentialsOptions {
  /** `dev`: upstreams on loopback may have authorization servers there, over http. */
  readonly mode: 'dev' | 'start'
  readonly address: GatewayAddress
  readonly storage: Storage
  readonly vault: Vault
  readonly upstreams: UpstreamDirectory
  readonly signInTokens: SignInTokenStore
  readonly recorder: EventRecorder
  readonly log: Logger
  readonly clock: Clock
  /** A connection was removed or replaced: what runs under it must end. */
  readonly onEnded: (connectionId: string) => void
  /** `client_id` toward authorization servers instead of a document of this gateway. */
  readonly clientDocumentUrl: string | undefined
}

/** Who visits the pages of the connections. */
export interface PagesHost {
  readonly signIn: BrowserSignIn
  readonly apiKeys: ApiKeyVerifier
  clientAddressOf(request: IncomingMessage): string
}

/** Everything that faces upstreams' authorization servers. One for the life of the process. */
export interface Credentials {
  readonly broker: ForgetfulBroker
  readonly upstreamLinks: UpstreamLinks
  /** The client metadata documents that upstreams fetch. */
  readonly clientDocuments: Mount
  /** The pages of the connections, and what programs use in their place. */
  createPages(host: PagesHost): Mount
  /** Removes a connection and revokes it at the upstream; says what came of it, undefined when there was none. */
  disconnect(key: ConnectionKey): Promise<string | undefined>
  /** Ends refreshes under way and writes what was used. */
  close(): Promise<void>
}

/** Builds the credential broker with all that it needs. Rejects when a key of the store cannot be opened. */
export async function createCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { address, storage, vault, upstreams, clock, log, clientDocumentUrl } = options
  const identity = { ...address, redirectUri: callbackUrl(address), clientDocumentUrl }
  const connections = createConnectionStore({ ...options, connections: storage.connections })
  const tickets = await loadConnectTickets(storage.sealed, vault, clock)
  const oauth = createUpstreamOAuthClient({ ...options, identity, clients: storage.upstreamClients })
  const broker = createBroker({ ...options, ...oauth, connections, tickets })
  return {
    broker,
    upstreamLinks: createUpstreamLinks(upstreams, connections, address.basePath),
    clientDocuments: createClientDocumentMount(identity, upstreams),
    createPages: (host) =>
      createConnectionPages({
        ...options,
        ...address,
        ...host,
        tickets,
        connections,
        authorization: oauth.authorization,
        pending: createPendingConnects(storage.oauth, vault, clock),
        cookie: createBrowserCookie(address.publicUrl, pendingConnectSeconds),
        records: storage.oauth,
        tryKey: (upstream, key) => tryKey(upstream, key, sendProbe),
        log,
      }),
    disconnect: (key) =>
      disconnect(upstreams.find(key.upstream), key, { connections, authorization: oauth.authorization }),
    async close() {
      await broker.close()
      await connections.close()
    },
  }
}
