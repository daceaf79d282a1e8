import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import type { Storage } from '../../src/contracts/storage.ts'
import type { UpstreamOAuth, UpstreamSettings } from '../../src/contracts/upstream.ts'
import type { OAuthCredential } from '../../src/credentials/connections.ts'
import { parseVaultKeys } from '../../src/credentials/keys.ts'
import type { PendingAuthorization } from '../../src/credentials/oauth-client/authorize.ts'
import type { ClientIdentity } from '../../src/credentials/oauth-client/client-document.ts'
import {
  createUpstreamOAuthClient,
  type UpstreamOAuthClient,
} from '../../src/credentials/oauth-client/create-oauth-client.ts'
import { createVault } from '../../src/credentials/vault.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'

export const gatewayIdentity: ClientIdentity = {
  publicUrl: 'https://gateway.example',
  basePath: '',
  redirectUri: 'https://gateway.example/auth/connections/callback',
}

/** The gateway's OAuth client on a store of its own. */
export interface TestOAuthClient extends UpstreamOAuthClient {
  readonly storage: Storage
  /** Milliseconds that the clock is ahead. */
  skewMs: number
  /** Another process on the same store. */
  open(identity?: Partial<ClientIdentity>): UpstreamOAuthClient
  close(): Promise<void>
}

export async function openOAuthClient(mode: 'dev' | 'start' = 'dev'): Promise<TestOAuthClient> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-oauth-client-'))
  const storage = await openStorage(directory)
  const vault = createVault(parseVaultKeys(`a:${Buffer.alloc(32, 1).toString('base64')}`, 'test'))
  const open = (identity: Partial<ClientIdentity> = {}) =>
    createUpstreamOAuthClient({
      mode,
      identity: { ...gatewayIdentity, ...identity },
      clients: storage.upstreamClients,
      vault,
      clock: () => Date.now() + test.skewMs,
    })
  const test: TestOAuthClient = {
    ...open(),
    storage,
    skewMs: 0,
    open,
    close: async () => {
      await storage.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
  return test
}

/** Settings of an upstream where people sign in, as the policy compiles them. */
export function describeOAuthUpstream(
  url: string,
  oauth: Partial<Omit<UpstreamOAuth, 'overrides'>> & { readonly overrides?: Partial<UpstreamOAuth['overrides']> } = {},
  change: Partial<UpstreamSettings> = {},
): UpstreamSettings {
  return {
    id: 'tracker',
    displayName: 'Tracker',
    summary: undefined,
    mode: 'user-oauth',
    url,
    oauth: {
      protectedResourceMetadataUrl: undefined,
      authorizationServer: undefined,
      scopes: [],
      scopeDelimiter: ' ',
      prompt: undefined,
      client: undefined,
      ...oauth,
      overrides: { allowIssuerMismatch: false, assumePkce: false, resource: 'send', ...oauth.overrides },
    },
    apiKey: undefined,
    clientCredentials: undefined,
    tokenExchange: undefined,
    idJag: undefined,
    clientCertificate: undefined,
    trustedHosts: [],
    shareCatalog: false,
    ...change,
  }
}

/** Begins an authorization as a page does. */
export async function beginAt(
  client: UpstreamOAuthClient,
  upstream: UpstreamSettings,
  change: { readonly redirectUri?: string; readonly scopes?: readonly string[]; readonly tenant?: string } = {},
): Promise<{ url: URL; asked: URLSearchParams; pending: PendingAuthorization }> {
  const { redirectUri } = gatewayIdentity
  const start = { tenant: 'default', upstream, redirectUri, state: crypto.randomUUID(), scopes: [], ...change }
  const { url, pending } = await client.authorization.begin(start)
  return { url, asked: url.searchParams, pending: JSON.parse(JSON.stringify(pending)) as PendingAuthorization }
}

/** The answer of an authorization server that needs nobody at a page, as it comes to the callback. */
async function visit(url: URL): Promise<URLSearchParams> {
  const answer = await request(url)
  await answer.body.dump()
  return new URL(String(answer.headers['location'])).searchParams
}

/** A whole sign-in at such a server. */
export async function connectAt(client: UpstreamOAuthClient, upstream: UpstreamSettings): Promise<OAuthCredential> {
  const { url, pending } = await beginAt(client, upstream)
  return client.authorization.finish(upstream, 'default', await visit(url), pending)
}

/** An answer that carries a code and the state. */
export function answerWith(pending: PendingAuthorization, parameters: { readonly [name: string]: string } = {}) {
  return new URLSearchParams({ code: 'the-code', state: pending.state, ...parameters })
}
