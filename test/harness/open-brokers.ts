import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import type { CredentialSource, UpstreamCredential } from '../../src/contracts/credential.ts'
import type { Exchange } from '../../src/contracts/exchange.ts'
import type { Logger } from '../../src/contracts/logger.ts'
import type { Storage } from '../../src/contracts/storage.ts'
import type { UpstreamSettings } from '../../src/contracts/upstream.ts'
import { type BrokerOptions, createBroker, type ForgetfulBroker } from '../../src/credentials/broker.ts'
import { type ConnectTickets, loadConnectTickets } from '../../src/credentials/connect-ticket.ts'
import {
  type ApiKeyCredential,
  type ConnectionStore,
  createConnectionStore,
  type OAuthCredential,
} from '../../src/credentials/connections.ts'
import { parseVaultKeys } from '../../src/credentials/keys.ts'
import type { RefreshTokens, TokenSet } from '../../src/credentials/token-endpoint.ts'
import { createVault } from '../../src/credentials/vault.ts'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'

/** One process of a gateway, as far as credentials go. */
export interface BrokerProcess {
  readonly storage: Storage
  readonly connections: ConnectionStore
  readonly broker: ForgetfulBroker
  readonly tickets: ConnectTickets
}

/** Brokers over one store, with a clock and a token endpoint that the test moves. */
export interface BrokerWorld {
  now: number
  readonly events: GatewayEvent[]
  readonly logged: string[]
  /** Credentials whose refresh token was used, in order. */
  readonly refreshed: OAuthCredential[]
  /** What the token endpoint answers next; by default the n-th refresh gives `access-n` and `refresh-n`, for an hour. */
  answer: (credential: OAuthCredential, count: number) => TokenSet | GatewayError | Promise<TokenSet | GatewayError>
  /** The file of the store, for attacks. */
  readonly databasePath: string
  open(): Promise<BrokerProcess>
  close(): Promise<void>
}

const hourMs = 3_600_000
export const vaultKeys = parseVaultKeys(`k1:${Buffer.alloc(32, 1).toString('base64')}`, 'test')

/** An empty store. */
export function createBrokerWorld(): BrokerWorld {
  const directory = mkdtempSync(join(tmpdir(), 'brokers-'))
  const opened: BrokerProcess[] = []
  const clock = () => world.now
  const refreshTokens: RefreshTokens = async ({ credential }) => {
    world.refreshed.push(credential)
    return world.answer(credential, world.refreshed.length)
  }
  const write = (fields: object, message: string) => void world.logged.push(`${message} ${JSON.stringify(fields)}`)
  const log: Logger = { debug: write, info: write, warn: write, error: write }
  const world: BrokerWorld = {
    now: 1_000_000_000,
    events: [],
    logged: [],
    databasePath: join(directory, 'sallyport.db'),
    refreshed: [],
    answer: (_credential, count) => tokensOf(count, world.now),
    async open() {
      const storage = await openStorage(directory, clock)
      const vault = createVault(vaultKeys)
      const connections = createConnectionStore({ connections: storage.connections, vault, clock, log })
      const tickets = await loadConnectTickets(storage.sealed, vault, clock)
      const address = { publicUrl: 'https://gateway.example', basePath: '/base' }
      const recorder = { record: (event: GatewayEvent) => void world.events.push(event) }
      const parts = { connections, tickets, refreshTokens, address, recorder, log, clock }
      const broker = createBroker({ ...parts, ...withoutMachines })
      opened.push({ storage, connections, broker, tickets })
      return { storage, connections, broker, tickets }
    },
    async close() {
      for (const { storage, connections } of opened) {
        await connections.close()
        await storage.close()
      }
      rmSync(directory, { recursive: true })
    },
  }
  return world
}

/** Nothing here asks for tokens without a connection. */
const withoutMachines: Pick<BrokerOptions, 'requestToken' | 'discovery' | 'signInTokens'> = {
  requestToken: async () => new GatewayError('gateway_error'),
  discovery: { find: () => Promise.reject(new GatewayError('gateway_error')), forget: () => {} },
  signInTokens: { put: async () => {}, find: async () => undefined },
}

/** What a token endpoint issues for the n-th time. */
export function tokensOf(count: number, now: number): TokenSet {
  const tokens = { accessToken: `access-${count}`, refreshToken: `refresh-${count}` }
  return { ...tokens, expiresAtMs: now + hourMs, scopes: undefined }
}

/** An upstream where people sign in, unless `changes` say otherwise. */
export function upstreamOf(changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    id: 'tracker',
    displayName: 'Tracker',
    summary: undefined,
    mode: 'user-oauth',
    url: 'https://tracker.example/mcp',
    oauth: oauthOf(),
    apiKey: undefined,
    clientCredentials: undefined,
    tokenExchange: undefined,
    idJag: undefined,
    clientCertificate: undefined,
    trustedHosts: [],
    shareCatalog: false,
    ...changes,
  }
}

export function oauthOf(changes: Partial<NonNullable<UpstreamSettings['oauth']>> = {}) {
  return {
    protectedResourceMetadataUrl: undefined,
    authorizationServer: undefined,
    scopes: [],
    scopeDelimiter: ' ',
    prompt: undefined,
    client: undefined,
    overrides: { allowIssuerMismatch: false, assumePkce: false, resource: 'send' },
    ...changes,
  } satisfies UpstreamSettings['oauth']
}

/** Tokens that were issued just now, for an hour. */
export function oauthCredentialOf(now: number, changes: Partial<OAuthCredential> = {}): OAuthCredential {
  return {
    kind: 'oauth',
    accessToken: 'access-0',
    refreshToken: 'refresh-0',
    expiresAtMs: now + hourMs,
    obtainedAtMs: now,
    scopes: ['read'],
    issuer: 'https://as.example',
    resource: 'https://tracker.example/mcp',
    tokenEndpoint: 'https://as.example/token',
    clientId: 'gateway',
    url: 'https://tracker.example/mcp',
    ...changes,
  }
}

export const keyCredential: ApiKeyCredential = { kind: 'api-key', key: 'key-0', url: 'https://tracker.example/mcp' }

/** A call by a subject of a tenant; by nobody without one. */
export function callBy(id: string | undefined, tenant = 'default'): Exchange {
  const subject = id === undefined ? undefined : { id, tenant, clientId: 'client', scopes: [], data: {} }
  return { requestId: 'request-1', routeName: 'tracker-mcp', tenant, subject } as unknown as Exchange
}

/** The header that a call presents; fails when it presents none. */
export async function headerOf(obtained: ReturnType<CredentialSource['obtain']>): Promise<string> {
  return (await credentialOf(obtained)).headers.map((header) => header.join(': ')).join('\n')
}

export async function credentialOf(obtained: ReturnType<CredentialSource['obtain']>): Promise<UpstreamCredential> {
  const credential = await obtained
  if (credential instanceof GatewayError || credential === undefined) {
    throw new Error(`no credential: ${credential?.reason} ${credential?.details.detail}`)
  }
  return credential
}

/** The refusal of a call; fails when it presents a credential. */
export async function refusalOf(obtained: ReturnType<CredentialSource['obtain']>): Promise<GatewayError> {
  const refusal = await obtained
  if (refusal instanceof GatewayError) return refusal
  throw new Error(`not refused: ${JSON.stringify(refusal)}`)
}
