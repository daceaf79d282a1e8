import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import type { OAuthRecords, Storage } from '../../src/contracts/storage.ts'
import type { Vault } from '../../src/contracts/vault.ts'
import type { SignInSettings, VirtualServer, VirtualServerDirectory } from '../../src/contracts/virtual-server.ts'
import type { FetchDocument } from '../../src/http/fetch-document.ts'
import type { AuthorizationServerOptions } from '../../src/oauth/authorization-server/authorization-server-options.ts'
import {
  type AuthorizationServer,
  createAuthorizationServer,
} from '../../src/oauth/authorization-server/create-authorization-server.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { completeSignIn, type SignInChoices } from './browser-login.ts'

/** Settings of the authorization server that a test may change while it runs. */
type MutableSettings = { -readonly [Key in keyof SignInSettings]: SignInSettings[Key] }

/** A real authorization server behind a real socket and a real store. */
export interface RunningAuthorizationServer {
  readonly url: string
  readonly server: AuthorizationServer
  readonly storage: Storage
  readonly settings: MutableSettings
  readonly virtualServers: VirtualServer[]
  readonly events: GatewayEvent[]
  /** Closes everything and opens it again over the same files and port. */
  restart(): Promise<void>
  /** Another process over the same store that answers as this one: another listener with a connection of its own. */
  startSecond(): Promise<Pick<RunningAuthorizationServer, 'url' | 'server' | 'close'>>
  close(): Promise<void>
}

/** What a test may change. */
export type StartOptions = Partial<
  Pick<AuthorizationServerOptions, 'identityProvider' | 'clock' | 'requestLimits' | 'basePath' | 'upstreamLinks'>
> & {
  readonly fetchDocument?: FetchDocument
  /** Seen by clients instead of the listener. */
  readonly publicUrl?: string
  /** Stands between the server and its store, e.g. to make it slow. */
  readonly wrapRecords?: (records: OAuthRecords) => OAuthRecords
  /** Answers paths that are not of the authorization server, as other pages of a gateway would. */
  readonly page?: (server: AuthorizationServer, request: IncomingMessage, response: ServerResponse) => void
}

/** Starts an authorization server with `/mcp/tracker` and `/mcp/tracker-read-only`. */
export async function startAuthorizationServer(options: StartOptions = {}): Promise<RunningAuthorizationServer> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-oauth-'))
  const settings: MutableSettings = {
    accessTokenTtlSeconds: 900,
    refreshTokenTtlSeconds: 2_592_000,
    refreshTokenLeewaySeconds: 10,
    authorizationCodeTtlSeconds: 60,
    sessionTtlSeconds: 28_800,
    sessionIdleSeconds: 3600,
    stateTtlSeconds: 900,
    cimdEnabled: true,
    devLogin: true,
  }
  const events: GatewayEvent[] = []
  const virtualServers: VirtualServer[] = []
  let current: AuthorizationServer | undefined
  let storage: Storage | undefined
  const listener = createServer((incoming, response) => {
    const ours = options.page === undefined || current?.owns((incoming.url ?? '').split('?', 1)[0] ?? '')
    if (ours) current?.handle(incoming, response)
    else if (current) options.page?.(current, incoming, response)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const publicUrl = options.publicUrl ?? url
  virtualServers.push(makeVirtualServer(publicUrl, 'tracker', 'Issue tracker'))
  virtualServers.push(makeVirtualServer(publicUrl, 'tracker-read-only', 'Issue tracker, read only'))
  const create = (opened: Storage) =>
    createAuthorizationServer({
      publicUrl,
      basePath: options.basePath ?? '',
      records: options.wrapRecords?.(opened.oauth) ?? opened.oauth,
      sealed: opened.sealed,
      vault: testVault,
      virtualServers: listDirectory(virtualServers),
      settings: () => settings,
      recorder: { record: (event) => void events.push(event) },
      log: { debug() {}, info() {}, warn() {}, error: (fields, message) => console.error(message, fields) },
      fetchDocument: options.fetchDocument ?? (() => Promise.reject(new Error('no network in tests'))),
      clock: options.clock,
      identityProvider: options.identityProvider,
      requestLimits: options.requestLimits,
      upstreamLinks: options.upstreamLinks,
    })
  const open = async () => {
    storage = await openStorage(directory)
    current = await create(storage)
  }
  const shut = async () => {
    current?.close()
    await storage?.close()
  }
  await open()
  return {
    url,
    settings,
    virtualServers,
    events,
    get server() {
      return current as AuthorizationServer
    },
    get storage() {
      return storage as Storage
    },
    restart: async () => {
      await shut()
      await open()
    },
    startSecond: async () => {
      const opened = await openStorage(directory)
      const server = await create(opened)
      const other = createServer((incoming, response) => server.handle(incoming, response))
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      return {
        server,
        url: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
        close: async () => {
          other.closeAllConnections()
          await new Promise((resolve) => other.close(resolve))
          server.close()
          await opened.close()
        },
      }
    },
    close: async () => {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
      await shut()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A directory over a list that may change. */
export function listDirectory(servers: readonly VirtualServer[]): VirtualServerDirectory {
  return {
    list: () => servers,
    findByResource: (resource) => {
      const href = URL.parse(resource)?.href.replace(/\/$/, '')
      return servers.find((each) => each.resource === href)
    },
  }
}

/** A virtual server at `/mcp/<name>`. */
export function makeVirtualServer(publicUrl: string, name: string, title: string): VirtualServer {
  return {
    name,
    title,
    description: undefined,
    path: `/mcp/${name}`,
    resource: `${publicUrl}/mcp/${name}`,
    metadataUrl: `${publicUrl}/.well-known/oauth-protected-resource/mcp/${name}`,
    scopes: ['mcp:tools'],
    baseScopes: ['mcp:tools'],
    upstream: 'tracker.example',
  }
}

/** Seals visibly: enough to see that a value was sealed and where it belongs. */
export const testVault: Vault = {
  seal: (plaintext, context) => `sealed:${JSON.stringify(context)}:${Buffer.from(plaintext).toString('base64url')}`,
  open: (sealed, context) => {
    const prefix = `sealed:${JSON.stringify(context)}:`
    if (!sealed.startsWith(prefix)) throw new Error('moved or not sealed')
    return Buffer.from(sealed.slice(prefix.length), 'base64url').toString('utf8')
  },
}

/** A JSON answer. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: { readonly [member: string]: unknown }
}

/** Sends a request and reads the JSON answer. */
export async function sendJson(
  url: string,
  options: {
    method?: 'GET' | 'POST'
    form?: { [name: string]: string }
    json?: unknown
    headers?: { [name: string]: string }
  } = {},
): Promise<JsonAnswer> {
  const headers: { [name: string]: string } = { ...options.headers }
  let body: string | null = null
  if (options.form) {
    headers['content-type'] ??= 'application/x-www-form-urlencoded'
    body = new URLSearchParams(options.form).toString()
  } else if (options.json !== undefined) {
    headers['content-type'] ??= 'application/json'
    body = typeof options.json === 'string' ? options.json : JSON.stringify(options.json)
  }
  const answer = await request(url, { method: options.method ?? (body === null ? 'GET' : 'POST'), headers, body })
  const text = await answer.body.text()
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text === '' ? {} : (JSON.parse(text) as JsonAnswer['body']),
  }
}

/** Registers a public client of its own (the same metadata again would be the same client); `metadata` replaces members. */
export async function registerClient(url: string, metadata: object = {}): Promise<JsonAnswer> {
  const client_uri = `https://client.example/${randomBytes(8).toString('hex')}`
  const json = { client_name: 'Test client', client_uri, redirect_uris: ['http://127.0.0.1/callback'], ...metadata }
  return sendJson(`${url}/oauth/register`, { json })
}

/** One authorization request with what is needed to redeem its code. */
export interface AuthorizationRequest {
  readonly url: string
  readonly verifier: string
  readonly clientId: string
  readonly redirectUri: string
}

/** Builds an authorization URL; `parameters` replace members, an empty string removes one. */
export function buildAuthorization(
  url: string,
  clientId: string,
  parameters: { [name: string]: string } = {},
): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url')
  const merged: { [name: string]: string } = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1:53122/callback',
    state: 'state-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${url}/mcp/tracker`,
    ...parameters,
  }
  const query = new URLSearchParams(Object.entries(merged).filter(([, value]) => value !== ''))
  return {
    url: `${url}/oauth/authorize?${query.toString()}`,
    verifier,
    clientId,
    redirectUri: merged['redirect_uri'] ?? '',
  }
}

/** Redeems the code of a final redirect. */
export function redeemCode(
  url: string,
  asked: AuthorizationRequest,
  redirect: URL,
  form: { [name: string]: string } = {},
) {
  return sendJson(`${url}/oauth/token`, {
    form: {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: asked.redirectUri,
      client_id: asked.clientId,
      code_verifier: asked.verifier,
      ...form,
    },
  })
}

/** Uses a refresh token. */
export function refresh(url: string, clientId: string, refreshToken: unknown, form: { [name: string]: string } = {}) {
  return sendJson(`${url}/oauth/token`, {
    form: { grant_type: 'refresh_token', refresh_token: String(refreshToken), client_id: clientId, ...form },
  })
}

/** Tokens of a complete sign-in. */
export interface SignedIn {
  readonly clientId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly body: JsonAnswer['body']
}

/** Registers, signs in as `ada`, consents and redeems the code. */
export async function signIn(
  url: string,
  parameters: { [name: string]: string } = {},
  choices: Partial<SignInChoices> = {},
): Promise<SignedIn> {
  const clientId = String((await registerClient(url)).body['client_id'])
  const asked = buildAuthorization(url, clientId, parameters)
  const redirect = await completeSignIn(asked.url, { subject: 'ada', ...choices })
  const { body } = await redeemCode(url, asked, redirect)
  return { clientId, accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']), body }
}
