import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import type { Storage } from '../../src/contracts/storage.ts'
import type { UpstreamSettings } from '../../src/contracts/upstream.ts'
import type { BrowserPerson, BrowserSignIn } from '../../src/contracts/upstream-links.ts'
import { createBrowserCookie } from '../../src/credentials/connect/browser-cookie.ts'
import type { AuthorizationStart, UpstreamAuthorization } from '../../src/credentials/connect/connect-host.ts'
import { type ConnectionPagesOptions, createConnectionPages } from '../../src/credentials/connect/connection-pages.ts'
import { createPendingConnects, pendingConnectSeconds } from '../../src/credentials/connect/pending-connects.ts'
import { type ConnectTickets, loadConnectTickets } from '../../src/credentials/connect-ticket.ts'
import { type ConnectionStore, createConnectionStore } from '../../src/credentials/connections.ts'
import type { GatewayError } from '../../src/errors/gateway-error.ts'
import { createApiKeyVerifier } from '../../src/identity/verify-api-key.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { testVault } from './authorization-server.ts'
import { type Browser, type BrowserAnswer, openBrowser, readFormToken } from './browser-login.ts'

/** The pages of the connections behind a real socket and a real store; sign-in and upstreams are stand-ins that a test steers. */
export interface RunningConnectionPages {
  readonly url: string
  /** What the listener believes to be; differs from `url` when a test says so. */
  readonly publicUrl: string
  readonly tickets: ConnectTickets
  readonly connections: ConnectionStore
  readonly storage: Storage
  readonly events: GatewayEvent[]
  /** What authorizations were begun, oldest first. */
  readonly begun: AuthorizationStart[]
  readonly revoked: string[]
  /** Makes the upstream refuse, from the next answer on. */
  fail(step: 'begin' | 'finish', error: GatewayError | undefined): void
  keyVerdict: 'accepted' | 'rejected' | 'untried'
  /** Milliseconds since the epoch of the pages' clock, which stands still. */
  now: number
  /** A browser in which this person is signed in. */
  browserOf(name: string): Browser
  signIn(browser: Browser, name: string): void
  signOut(browser: Browser): void
  close(): Promise<void>
}

const user = { clientCredentials: undefined, tokenExchange: undefined, idJag: undefined, clientCertificate: undefined }
const oauth = {
  protectedResourceMetadataUrl: undefined,
  authorizationServer: undefined,
  scopes: [],
  scopeDelimiter: ' ',
  prompt: undefined,
  client: undefined,
  overrides: { allowIssuerMismatch: false, assumePkce: false, resource: 'send' },
} as const

/** Settings of an upstream at `<id>.example`. */
export function makeUpstream(id: string, mode: UpstreamSettings['mode'], displayName = id): UpstreamSettings {
  const usesKey = mode === 'user-api-key' || mode === 'shared-api-key'
  return {
    ...user,
    id,
    displayName,
    summary: undefined,
    mode,
    url: `https://${id}.example/mcp`,
    oauth: usesKey ? undefined : oauth,
    apiKey: usesKey ? { header: 'authorization', scheme: 'Bearer', helpUrl: `https://${id}.example/keys` } : undefined,
    trustedHosts: [],
    shareCatalog: false,
  }
}

const standardUpstreams = [
  makeUpstream('linear', 'user-oauth', 'Linear'),
  makeUpstream('notes', 'user-oauth', 'Notes'),
  makeUpstream('wiki', 'shared-oauth', 'Wiki'),
  makeUpstream('maps', 'user-api-key', 'Maps'),
  makeUpstream('weather', 'shared-api-key', 'Weather'),
  makeUpstream('ledger', 'client-credentials', 'Ledger'),
]

/** Starts the pages with an upstream of every kind. */
export async function startConnectionPages(
  changes: Partial<ConnectionPagesOptions> & { readonly publicUrl?: string } = {},
): Promise<RunningConnectionPages> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-connect-'))
  const storage = await openStorage(directory)
  const log = { debug() {}, info() {}, warn() {}, error: (...said: unknown[]) => console.error(...said) }
  const events: GatewayEvent[] = []
  const begun: AuthorizationStart[] = []
  const revoked: string[] = []
  const failures: { begin?: GatewayError | undefined; finish?: GatewayError | undefined } = {}
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (pages.owns(path)) pages.handle(request, response, path)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const publicUrl = changes.publicUrl ?? url
  const clock = () => running.now
  const tickets = await loadConnectTickets(storage.sealed, testVault, clock)
  const connections = createConnectionStore({ connections: storage.connections, vault: testVault, clock, log })
  const pages = createConnectionPages({
    publicUrl,
    basePath: '',
    upstreams: {
      list: () => standardUpstreams,
      find: (id) => standardUpstreams.find((each) => each.id === id),
      listByServer: (name) => standardUpstreams.filter((each) => `${each.id}-server` === name),
      tenantsOf: () => [undefined],
    },
    signIn: standInSignIn,
    apiKeys: createApiKeyVerifier({ apiKeys: storage.apiKeys, clock: Date.now, log }),
    tickets,
    connections,
    authorization: standInAuthorization(begun, revoked, failures),
    pending: createPendingConnects(storage.oauth, testVault, clock),
    cookie: createBrowserCookie(publicUrl, pendingConnectSeconds),
    records: storage.oauth,
    tryKey: async () => running.keyVerdict,
    recorder: { record: (event) => void events.push(event) },
    log,
    clock,
    clientAddressOf: (request) => request.socket.remoteAddress ?? '',
    ...changes,
  })
  const running: RunningConnectionPages = {
    url,
    publicUrl,
    tickets,
    connections,
    storage,
    events,
    begun,
    revoked,
    fail: (step, error) => void (failures[step] = error),
    keyVerdict: 'accepted',
    now: Date.now(),
    browserOf(name) {
      const browser = openBrowser()
      running.signIn(browser, name)
      return browser
    },
    signIn: (browser, name) => void browser.cookies.set('person /', { value: name, path: '/' }),
    signOut: (browser) => void browser.cookies.delete('person /'),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await connections.close()
      await storage.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
  return running
}

/** Whoever the cookie `person` names is signed in; `ada@acme` is ada of the tenant acme, `ada@` ada whose claims name none. */
export const standInSignIn: BrowserSignIn = {
  async find(request) {
    const value = /(?:^|; )person=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
    if (value === undefined) return undefined
    const [name = '', claimed = 'default'] = value.split('@')
    const claimedTenant = claimed === '' ? undefined : claimed
    return {
      subject: name,
      tenant: claimedTenant ?? 'default',
      claimedTenant,
      name,
      roles: [],
      sessionId: `session-${value}`,
    } satisfies BrowserPerson
  },
  async begin(_request, response, { returnPath, switchPerson }) {
    const query = new URLSearchParams({ returnPath, switchPerson: String(switchPerson) })
    response.writeHead(303, { location: `/stand-in-sign-in?${query.toString()}` }).end()
  },
  createFormToken: (purpose, person) => `token-${Buffer.from(`${purpose} ${person.sessionId}`).toString('base64url')}`,
  checkFormToken: (token, purpose, person) => token === standInSignIn.createFormToken(purpose, person),
}

/** Sends browsers to `https://as.example/authorize`; whatever comes back as `code` is the access token. */
function standInAuthorization(
  begun: AuthorizationStart[],
  revoked: string[],
  failures: { begin?: GatewayError | undefined; finish?: GatewayError | undefined },
): UpstreamAuthorization {
  return {
    async begin(start) {
      if (failures.begin) throw failures.begin
      begun.push(start)
      const url = new URL('https://as.example/authorize')
      url.search = new URLSearchParams({ state: start.state, redirect_uri: start.redirectUri }).toString()
      return { url, pending: { verifier: `verifier-of-${start.state}` } }
    },
    async finish(upstream, _tenant, answer, pending) {
      if (failures.finish) throw failures.finish
      if ((pending as { verifier: string }).verifier !== `verifier-of-${answer.get('state')}`)
        throw new Error('the verifier is of another authorization')
      return {
        kind: 'oauth',
        accessToken: answer.get('code') ?? '',
        refreshToken: undefined,
        expiresAtMs: undefined,
        obtainedAtMs: Date.now(),
        scopes: ['read', 'write'],
        issuer: 'https://as.example',
        resource: upstream.url,
        tokenEndpoint: 'https://as.example/token',
        clientId: 'sallyport',
        url: upstream.url,
      }
    },
    async revoke(_upstream, _tenant, credential) {
      revoked.push(credential.accessToken)
      return true
    },
  }
}

/** Where a page that leads to an upstream sends the browser. */
function readLeavingUrl(page: BrowserAnswer): URL {
  const refresh = String(page.headers['refresh'] ?? '')
  if (!refresh.startsWith('0;url='))
    throw new Error(`the page leads nowhere (${page.status}): ${page.text.slice(0, 2000)}`)
  return new URL(refresh.slice('0;url='.length))
}

/** All hidden fields of a page's form. */
export function readFields(page: BrowserAnswer): { [name: string]: string } {
  const fields = page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  return Object.fromEntries([...fields].map(([, name, value]) => [name ?? '', value ?? '']))
}

/** Opens a page that connects and sends its form: the URL at the upstream where the person is sent. */
export async function setOut(browser: Browser, pageUrl: string | URL): Promise<URL> {
  const page = await browser.get(pageUrl)
  readFormToken(page)
  const form = new URL(page.url)
  form.search = ''
  return readLeavingUrl(await browser.post(form, readFields(page)))
}
