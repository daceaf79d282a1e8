import type { IncomingMessage } from 'node:http'
import type { FailedReload } from './admin/admin-host.ts'
import { createConsoleLink } from './admin/console-link.ts'
import { createAdmin } from './admin/open-admin.ts'
import { compileProject } from './config/compile-project.ts'
import { createConfigHistory } from './config/edit/config-history.ts'
import { findFixedSettings } from './config/find-fixed-settings.ts'
import { loadProject } from './config/load-project.ts'
import type { Problem, Project } from './config/project.ts'
import { ProjectError } from './config/project-error.ts'
import { createUpstreamDirectory } from './config/upstream-directory.ts'
import { createVirtualServerDirectory } from './config/virtual-server-directory.ts'
import type { Logger } from './contracts/logger.ts'
import type { Peers, Worker } from './contracts/peers.ts'
import type { SignInSettings } from './contracts/virtual-server.ts'
import { createCredentials } from './credentials/create-credentials.ts'
import { loadSealer } from './credentials/load-sealer.ts'
import { handlerTypes } from './handlers/index.ts'
import { allowHosts } from './http/check-host.ts'
import { createFetchDocument } from './http/fetch-document.ts'
import { type LateListener, type Listener, listen, listenBeside } from './http/listen.ts'
import { createIdentityProviders } from './identity/identity-providers.ts'
import { createSignInTokens } from './identity/sign-in-tokens.ts'
import { createApiKeyVerifier } from './identity/verify-api-key.ts'
import { addressTokens } from './lib/address-tokens.ts'
import { readPackageManifest } from './lib/package-manifest.ts'
import { createMemoryLimiter } from './limits/memory-limiter.ts'
import { createDefinitionWatch } from './mcp/definitions/watch-definitions.ts'
import { createLiveSessions } from './mcp/live-sessions.ts'
import { createAuthorizationServer } from './oauth/authorization-server/create-authorization-server.ts'
import { openAlerts } from './open-alerts.ts'
import { openExports } from './open-exports.ts'
import { openStores } from './open-stores.ts'
import { buildRoutes } from './pipeline/build-routes.ts'
import type { PeerRelay } from './pipeline/peer-relay.ts'
import { Snapshot } from './pipeline/snapshot.ts'
import { Snapshots } from './pipeline/snapshots.ts'
import { policyTypes } from './policies/index.ts'
import { createRegistryMount } from './registry/registry-mount.ts'
import { serveGateway } from './serve-gateway.ts'
import { type RevocationListener, watchRevocations } from './storage/watch-revocations.ts'
import { describeGateway } from './telemetry/gateway-metrics.ts'
import { createLog, type Log } from './telemetry/log.ts'
import { loneProcess } from './workers/lone-process.ts'

/** How to run a project. */
export interface GatewayOptions {
  readonly projectDirectory: string
  /** `dev` allows dev login and http; `start` refuses both. */
  readonly mode: 'dev' | 'start'
  /** Default: JSON lines on standard output at the project's level. */
  readonly log?: Log
  /** `client_id` toward authorization servers of upstreams instead of a document of this gateway; for conformance tests. */
  readonly clientDocumentUrl?: string | undefined
  /** Present in one of several processes. */
  readonly worker?: Worker | undefined
}

/** A gateway that serves. */
export interface RunningGateway {
  readonly publicUrl: string
  /** The snapshot that runs now. */
  readonly project: Project
  /** A link that opens the console once, as its owner; undefined where there is none. `subject` is who asks, for the audit trail. */
  createConsoleLink(subject: string): Promise<string | undefined>
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
  const { worker } = options
  const { host } = draft.settings.listen
  const listener = worker ? listenBeside({ host, ...worker.listen }) : await listen(draft.settings.listen)
  try {
    return await wire(options, await compile(options, listener.url), listener, log)
  } catch (error) {
    await listener.close(0)
    throw error
  }
}

async function wire(
  options: GatewayOptions,
  project: Project,
  listener: Listener | LateListener,
  log: Log,
): Promise<RunningGateway> {
  const { worker } = options
  const peers: Peers = worker ?? loneProcess
  const relay = worker && (await openRelay(worker))
  const exports = await openExports(project, peers, readPackageManifest().version, log)
  const alerts = openAlerts(peers)
  const stores = await openStores(project, options.mode, log, [...exports.sinks, alerts.sink])
  const { storage, recorder } = stores
  const address = { publicUrl: project.publicUrl, basePath: project.settings.basePath }
  let snapshots: Snapshots
  const virtualServers = createVirtualServerDirectory(() => snapshots.project)
  const signIn = signInParts(options, () => snapshots.project)
  const signInTokens = createSignInTokens({
    records: storage.oauth,
    vault: stores.vault,
    clock: Date.now,
    log,
    identityProvider: signIn.identityProvider,
  })
  const credentials = await createCredentials({
    mode: options.mode,
    address,
    storage,
    vault: stores.vault,
    upstreams: createUpstreamDirectory(() => snapshots.project),
    signInTokens,
    recorder,
    log,
    clock: Date.now,
    onEnded: (id) => snapshots.endRevoked(id),
    clientDocumentUrl: options.clientDocumentUrl,
  })
  const { broker } = credentials
  const authorizationServer = await createAuthorizationServer({
    ...signIn,
    ...address,
    upstreamLinks: credentials.upstreamLinks,
    signInTokens: () => (exchangesSignIns(snapshots.project) ? signInTokens : undefined),
    records: storage.oauth,
    sealed: storage.sealed,
    vault: stores.vault,
    virtualServers,
    recorder,
    log,
    onGrantRevoked: (grantId) => snapshots.endRevoked(grantId),
  })
  const apiKeys = createApiKeyVerifier({ apiKeys: storage.apiKeys, clock: Date.now, log })
  const limiter = alerts.watchLimiter(worker?.limiter ?? createMemoryLimiter(Date.now))
  const liveSessions = createLiveSessions()
  const relaySealer = await loadSealer(storage.sealed, stores.vault, 'mcp-session')
  const sessionSealer = addressTokens(relaySealer, peers.self)
  const definitionWatch = createDefinitionWatch({ store: storage.knownCatalogs, recorder, log, peers: worker })
  const build = (next: Project): Snapshot => {
    const { limits, allowedHosts } = next.settings
    const hosts = allowHosts(next.publicUrl, listener.url, allowedHosts)
    const pipeline = { limits, allowedHosts: hosts, recorder, log, relay, tracer: exports.tracer }
    const routes = buildRoutes(next, {
      policies: {
        log,
        limiter,
        accessTokens: authorizationServer.verifier,
        apiKeys,
        virtualServers,
        definitions: definitionWatch.of(next),
      },
      handlers: { log, limits, sessionSealer, relaySealer, liveSessions, knownCatalogs: storage.knownCatalogs },
      broker,
      pipeline,
    })
    return new Snapshot(next, routes, pipeline)
  }
  snapshots = new Snapshots(build(project))
  const sinkStates = () => [...recorder.sinks, ...exports.states()]
  exports.addReader(() =>
    describeGateway({
      version: readPackageManifest().version,
      ...snapshots.load,
      sessions: liveSessions.size,
      connections: snapshots.current.countConnections(),
      bufferedEvents: recorder.depth,
      sinks: sinkStates(),
    }),
  )
  if (peers.isSpeaker) warnAbout(project, log)
  relay?.hearListsChanged((route) => snapshots.current.forgetLists(route))
  const onRevocations: RevocationListener = {
    onRevoked({ kind, id }) {
      if (kind === 'vault-keys') return stores.reloadVaultKeys()
      if (kind === 'signing-keys') return void authorizationServer.reloadKeys()
      if (kind === 'api-key') apiKeys.forget(id)
      else if (kind === 'connection') broker.forget(id)
      else authorizationServer.verifier.forgetGrant(id)
      snapshots.endRevoked(id)
    },
    onMissed() {
      stores.reloadVaultKeys()
      apiKeys.forget()
      broker.forgetAll()
      authorizationServer.verifier.forgetAll()
      void authorizationServer.reloadKeys()
    },
  }
  const stopWatching = watchRevocations(storage.revocations, log, onRevocations, stores.latestRevocation)
  const stopLeading = peers.onLeader(() => {
    const stops = [
      stores.events.keep(),
      stores.audit?.keep(project.settings.audit, log),
      alerts.run({ project: () => snapshots.project, metrics: exports.metrics, storage, vault: stores.vault, log }),
    ]
    return async () => {
      for (const stop of stops) await stop?.()
    }
  })
  const clientAddressOf = (request: IncomingMessage) => snapshots.current.clientAddressOf(request)
  const configuration = {
    loadedAtMs: Date.now(),
    failedReload: undefined as FailedReload | undefined,
    isStopping: false,
  }
  const configHistory = createConfigHistory({
    directory: project.directory,
    versions: storage.configVersions,
    vault: stores.vault,
    clock: Date.now,
  })
  /** Who changed the files is not known here: edits of the console are noted before this is. */
  const noteConfiguration = () => {
    configHistory.note({ actor: undefined, origin: 'outside' }).catch((error: unknown) => {
      if (!configuration.isStopping) log.error({ err: error }, 'a change of the configuration could not be kept')
    })
  }
  const reload = async (): Promise<ReloadResult> => {
    const result = await tryCompile(options, listener.url)
    const problems = 'problems' in result ? result.problems : findFixedSettings(project, result.project)
    if ('problems' in result || problems.length > 0) {
      configuration.failedReload = { atMs: Date.now(), problems }
      return { ok: false, problems }
    }
    snapshots.swap(build(result.project))
    worker?.noteProject(result.project.contentHash)
    configuration.loadedAtMs = Date.now()
    configuration.failedReload = undefined
    // Clients may have left the project.
    authorizationServer.verifier.forgetAll()
    if (peers.isSpeaker) warnAbout(result.project, log)
    return { ok: true }
  }
  const admin = createAdmin(
    {
      version: readPackageManifest().version,
      project: () => snapshots.project,
      loadedAtMs: () => configuration.loadedAtMs,
      failedReload: () => configuration.failedReload,
      isStopping: () => configuration.isStopping,
      reload,
      configHistory,
      ask: (name, call) => snapshots.current.ask(name, call),
      storage,
      vault: stores.vault,
      upstreams: createUpstreamDirectory(() => snapshots.project),
      disconnect: (key) => credentials.disconnect(key),
      forget: (revocation) => onRevocations.onRevoked(revocation),
      recorder,
      sinkStates,
      ...(project.settings.telemetry.metrics && { renderMetrics: () => exports.metrics.renderMetrics() }),
      events: () => stores.events.store,
      audit: stores.audit?.trail,
      log,
      clock: Date.now,
    },
    peers,
    { signIn: authorizationServer.browserSignIn, clientAddressOf },
  )
  const mounts = [
    ...(admin ? [admin.mount] : []),
    credentials.clientDocuments,
    createRegistryMount({
      basePath: address.basePath,
      servers: () => virtualServers.list(),
      settings: () => snapshots.project.settings.registry,
      clientAddressOf,
      clock: Date.now,
    }),
  ]
  const stopServing = await serveGateway(listener, snapshots, {
    worker,
    authorizationServer,
    connectionPages: credentials.createPages({ signIn: authorizationServer.browserSignIn, apiKeys, clientAddressOf }),
    virtualServers,
    recorder,
    mounts,
  })
  const close = async (): Promise<void> => {
    configuration.isStopping = true
    await stopLeading()
    await stopServing()
    await admin?.close()
    stopWatching()
    authorizationServer.close()
    await apiKeys.close()
    await definitionWatch.flush()
    await credentials.close()
    await stores.close()
    await exports.close()
    alerts.close()
    log.flush()
  }
  let closed: Promise<void> | undefined
  const running: RunningGateway = {
    publicUrl: project.publicUrl,
    get project() {
      return snapshots.project
    },
    reload,
    createConsoleLink: async (subject) => admin && createConsoleLink(storage, subject, Date.now),
    close: () => (closed ??= close()),
  }
  noteConfiguration()
  try {
    await admin?.open()
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

/** Tokens of sign-ins are kept only where something is made of them. */
function exchangesSignIns({ routes }: Project): boolean {
  return routes.some(({ upstream }) => upstream?.mode === 'token-exchange' || upstream?.mode === 'id-jag')
}

/** What the authorization server knows of how people and clients of the running project sign in. */
function signInParts({ mode }: GatewayOptions, project: () => Project) {
  const findIdentityProvider = createIdentityProviders({ allowLoopbackHttp: mode === 'dev' })
  return {
    settings: () => project().signIn ?? noSignIn,
    fetchDocument: createFetchDocument(),
    identityProvider: () => {
      const settings = project().signIn?.identityProvider
      return settings && findIdentityProvider(settings)
    },
    clients: () => project().settings.clients,
  }
}

/** Passes requests on to other processes of the gateway. */
async function openRelay(worker: Worker): Promise<PeerRelay> {
  const [{ PeerRelay }, { RequestForwarder }] = await Promise.all([
    import('./pipeline/peer-relay.ts'),
    import('./http/forward-request.ts'),
  ])
  return new PeerRelay(worker, new RequestForwarder(worker.secret))
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

function warnAbout(project: Project, log: Logger): void {
  for (const { file, line, path, message } of project.warnings) log.warn({ file, line, path }, message)
}
