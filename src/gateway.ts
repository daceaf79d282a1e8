import type { IncomingMessage } from 'node:http'
import { isAbsolute, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createEventBuffer, type EventBuffer } from './analytics/buffer.ts'
import { newEvent } from './analytics/event.ts'
import { startRetention } from './analytics/retention.ts'
import { createLogSink } from './analytics/sinks/log.ts'
import { createSqliteSink } from './analytics/sinks/sqlite.ts'
import { compileProject } from './config/compile-project.ts'
import { loadProject } from './config/load-project.ts'
import type { Problem, Project, RouteSpec } from './config/project.ts'
import { ProjectError } from './config/project-error.ts'
import { createVirtualServerDirectory } from './config/virtual-server-directory.ts'
import type { Logger } from './contracts/logger.ts'
import type { SignInSettings } from './contracts/virtual-server.ts'
import { readVaultKeys } from './credentials/keys.ts'
import { createVault } from './credentials/vault.ts'
import type { GatewayError } from './errors/gateway-error.ts'
import { handlerTypes } from './handlers/index.ts'
import { allowHosts, checkHost } from './http/check-host.ts'
import { createDispatcher } from './http/dispatch.ts'
import { createFetchDocument } from './http/fetch-document.ts'
import { type Listener, listen } from './http/listen.ts'
import { createIdentityProviders } from './identity/identity-providers.ts'
import { createApiKeyVerifier } from './identity/verify-api-key.ts'
import { randomToken } from './lib/random-id.ts'
import { createTokenSealer, type TokenSealer } from './lib/seal-token.ts'
import { createMemoryLimiter } from './limits/memory-limiter.ts'
import { createAuthorizationServer } from './oauth/authorization-server/create-authorization-server.ts'
import { createResourceMetadataMount } from './oauth/resource-server/protected-resource-metadata.ts'
import { type BuildHost, buildRoutes } from './pipeline/build-routes.ts'
import { Snapshot } from './pipeline/snapshot.ts'
import { policyTypes } from './policies/index.ts'
import { openDatabase } from './storage/sqlite/open-database.ts'
import { openStorage } from './storage/sqlite/open-storage.ts'
import { watchRevocations } from './storage/watch-revocations.ts'
import { createLog, type Log } from './telemetry/log.ts'

/** How to run a project. */
export interface GatewayOptions {
  readonly projectDirectory: string
  /** `dev` allows dev login and http; `start` refuses both. */
  readonly mode: 'dev' | 'start'
  /** Default: JSON lines on standard output at the project's level. */
  readonly log?: Log
}

/** A gateway that serves. */
export interface RunningGateway {
  readonly publicUrl: string
  /** The snapshot that runs now. */
  readonly project: Project
  /** Loads the project again and swaps it in; with problems, the running one goes on. */
  reload(): Promise<ReloadResult>
  /** Takes no new requests, lets running ones end within `limits.drainSeconds`, writes all events, closes the store. */
  close(): Promise<void>
}

export type ReloadResult = { readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Composition root: wires a project and its storage into a gateway that serves. Throws `ProjectError` for a broken project. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const draft = await compile(options, undefined)
  const log = options.log ?? createLog({ level: draft.settings.telemetry.logLevel, pretty: false })
  const listener = await listen(draft.settings.listen)
  try {
    return await wire(options, await compile(options, listener.url), listener, log)
  } catch (error) {
    await listener.close(0)
    throw error
  }
}

async function wire(options: GatewayOptions, project: Project, listener: Listener, log: Log): Promise<RunningGateway> {
  const stores = await openStores(project, options.mode, log)
  const { storage, events, recorder, vault, close } = stores
  let current: Snapshot
  const snapshots = new Set<Snapshot>()
  const endRevoked = (id: string) => snapshots.forEach((snapshot) => snapshot.endRevoked(id))
  let stopping = false
  const virtualServers = createVirtualServerDirectory(() => current.project)
  const findIdentityProvider = createIdentityProviders({ allowLoopbackHttp: options.mode === 'dev' })
  const authorizationServer = await createAuthorizationServer({
    publicUrl: project.publicUrl,
    basePath: project.settings.basePath,
    records: storage.oauth,
    sealed: storage.sealed,
    vault,
    virtualServers,
    settings: () => current.project.signIn ?? noSignIn,
    recorder,
    log,
    fetchDocument: createFetchDocument(),
    identityProvider: () => {
      const settings = current.project.signIn?.identityProvider
      return settings && findIdentityProvider(settings)
    },
    clients: () => current.project.settings.clients,
    onGrantRevoked: (grantId) => endRevoked(grantId),
  })
  const apiKeys = createApiKeyVerifier({ apiKeys: storage.apiKeys, clock: Date.now, log })
  const limiter = createMemoryLimiter(Date.now)
  const sessionSealer = await loadSessionSealer(stores)
  const build = (next: Project): Snapshot => {
    const host: BuildHost = {
      policies: { log, limiter, accessTokens: authorizationServer.verifier, apiKeys, virtualServers },
      handlers: { log, limits: next.settings.limits, sessionSealer },
    }
    const allowedHosts = allowHosts(next.publicUrl, listener.url, next.settings.allowedHosts)
    const parts = { limits: next.settings.limits, allowedHosts, recorder, log }
    const snapshot = new Snapshot(next, buildRoutes(next, host), parts)
    snapshots.add(snapshot)
    return snapshot
  }
  current = build(project)
  const stopWatching = await watchRevocations(storage.revocations, log, {
    onRevoked({ kind, id }) {
      if (kind === 'api-key') apiKeys.forget(id)
      else authorizationServer.verifier.forgetGrant(id)
      endRevoked(id)
    },
    onMissed() {
      apiKeys.forget()
      authorizationServer.verifier.forgetAll()
    },
  })
  warnAbout(project, log)
  // A virtual server that nobody signs in to must not send clients to the authorization server.
  const signedInTo = ({ inbound, virtualServer }: RouteSpec) =>
    inbound.some(({ type }) => type.signInSettings !== undefined) ? (virtualServer ?? []) : []
  const resourceMetadata = createResourceMetadataMount({
    ...virtualServers,
    list: () => current.project.routes.flatMap(signedInTo),
  })
  // Without sign-in there is no authorization server, and no metadata that sends clients to one.
  const signsIn = () => current.project.signIn !== undefined
  const oldestEventMs = () => Date.now() - current.project.settings.events.retentionDays * dayMs
  const stopRetention = startRetention(events, oldestEventMs, log)
  listener.serve(
    createDispatcher({
      isStopping: () => stopping,
      serveRoute: (request, response, path, search) => current.serve(request, response, path, search),
      mounts: [
        { ...resourceMetadata, owns: (path) => signsIn() && resourceMetadata.owns(path) },
        {
          owns: (path) => signsIn() && authorizationServer.owns(path),
          handle: (request, response) =>
            authorizationServer.handle(request, response, { clientAddress: current.clientAddressOf(request) }),
        },
      ],
      admit: (request: IncomingMessage) => checkHost(request.headers, current.host.allowedHosts),
      onRefused: (error, requestId) => recordRefusal(recorder, error, requestId),
    }),
  )
  return {
    publicUrl: project.publicUrl,
    get project() {
      return current.project
    },
    async reload() {
      const result = await tryCompile(options, listener.url)
      if ('problems' in result) return { ok: false, problems: result.problems }
      const fixed = findFixedSettings(project, result.project)
      if (fixed.length > 0) return { ok: false, problems: fixed }
      const retired = current
      current = build(result.project)
      // Clients may have left the project.
      authorizationServer.verifier.forgetAll()
      warnAbout(result.project, log)
      void retired.retire(retired.project.settings.limits.drainSeconds * 1000).then(() => snapshots.delete(retired))
      return { ok: true }
    },
    async close() {
      stopping = true
      stopRetention()
      const drainMs = current.project.settings.limits.drainSeconds * 1000
      await Promise.all([listener.close(drainMs), current.retire(drainMs)])
      stopWatching()
      authorizationServer.close()
      await apiKeys.close()
      await close()
      log.flush()
    },
  }
}

async function compile(options: GatewayOptions, listenUrl: string | undefined): Promise<Project> {
  const result = await tryCompile(options, listenUrl)
  if ('problems' in result) throw new ProjectError(result.problems)
  return result.project
}

async function tryCompile(options: GatewayOptions, listenUrl: string | undefined) {
  const sources = await loadProject(options.projectDirectory)
  return compileProject(sources, { policyTypes, handlerTypes, mode: options.mode, listenUrl })
}

/** Nobody can sign in to a project without a sign-in policy; the values only keep its old tokens from being read. */
const noSignIn: SignInSettings = {
  accessTokenTtlSeconds: 0,
  refreshTokenTtlSeconds: 0,
  refreshTokenLeewaySeconds: 0,
  authorizationCodeTtlSeconds: 0,
  sessionTtlSeconds: 0,
  sessionIdleSeconds: 0,
  stateTtlSeconds: 0,
  cimdEnabled: false,
  devLogin: false,
}

type Stores = Awaited<ReturnType<typeof openStores>>

async function openStores(project: Project, mode: GatewayOptions['mode'], log: Log) {
  const { settings } = project
  const directory = inProject(project, settings.storage.directory)
  const vault = createVault(
    readVaultKeys(project.vaultKeys, inProject(project, settings.vault.keyFile), { create: mode === 'dev' }),
  )
  const storage = await openStorage(directory)
  const events = openDatabase(join(directory, 'events.db'), { durability: 'normal', busyTimeoutMs: 200 })
  const sinks = [createSqliteSink(events)]
  // The database has every event. A line for each in the log as well costs a tenth of a call, so `start` leaves successes out.
  const logEvents = settings.telemetry.logEvents ?? (mode === 'dev' ? 'all' : 'problems')
  if (logEvents !== 'none') sinks.push(createLogSink(log, logEvents))
  const { bufferSize, flushMilliseconds } = settings.events
  const recorder: EventBuffer = createEventBuffer({ sinks, log, maxSize: bufferSize, flushMilliseconds })
  const close = async () => {
    await recorder.close()
    await storage.close()
  }
  return { vault, storage, events, recorder, close }
}

/** Sessions of legacy clients outlive a restart, so their key is kept, sealed. */
async function loadSessionSealer({ storage, vault }: Stores): Promise<TokenSealer> {
  const context = { tenant: 'default', kind: 'gateway-key', owner: 'gateway', id: 'mcp-session' }
  const name = 'mcp-session-key'
  const sealed =
    (await storage.sealed.get(name)) ?? (await storage.sealed.putIfAbsent(name, vault.seal(randomToken(32), context)))
  return createTokenSealer(Buffer.from(vault.open(sealed, context), 'base64url'))
}

const dayMs = 24 * 60 * 60 * 1000

function recordRefusal(recorder: EventBuffer, error: GatewayError, requestId: string): void {
  const event = newEvent('mcp_request_rejected', Date.now(), requestId)
  event.outcome = 'denied'
  event.failureOrigin = error.declaration.origin
  event.reason = error.reason
  event.httpStatus = error.status
  event.detail = error.details.detail ?? null
  recorder.record(event)
}

function warnAbout(project: Project, log: Logger): void {
  for (const { file, line, path, message } of project.warnings) log.warn({ file, line, path }, message)
}

/** Settings that were read when the process started. Swapping in a project that differs would do half of what it says. */
function findFixedSettings(started: Project, reloaded: Project): Problem[] {
  const fixed = ['publicUrl', 'basePath', 'listen', 'storage', 'vault', 'events', 'telemetry'] as const
  const changed = fixed.filter((name) => !isDeepStrictEqual(started.settings[name], reloaded.settings[name]))
  return changed.map((name) => ({
    severity: 'error',
    file: 'sallyport.jsonc',
    line: 1,
    column: 1,
    path: name,
    message: `"${name}" cannot change while the gateway runs`,
    remedy: 'Restart the gateway; nobody is signed out.',
  }))
}

function inProject(project: Project, path: string): string {
  return isAbsolute(path) ? path : join(project.directory, path)
}
