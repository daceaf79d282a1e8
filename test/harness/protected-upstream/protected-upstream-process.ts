// The process behind start-protected-upstream.ts: one MCP endpoint and the authorization servers that it may name.
import { AuthorizationServer } from './authorization-server.ts'
import {
  type BehaviourChange,
  type Counts,
  type Endpoint,
  goodResource,
  goodServer,
  type ResourceBehaviour,
  type SeenRequest,
  type ServerBehaviour,
  type ServerName,
} from './behaviour.ts'
import { authorityCertificate, serverCertificate, serverKey } from './certificates.ts'
import { FaultGate } from './fault-gate.ts'
import { type Answer, type Call, listenOnLoopback, type TlsFiles } from './http-call.ts'
import { ResourceServer } from './resource-server.ts'

const { issuerPath = '', mutualTls = false } = JSON.parse(process.argv[2] ?? '{}') as {
  issuerPath?: string
  mutualTls?: boolean
}
const tls: TlsFiles = { key: serverKey, cert: serverCertificate, clientAuthority: authorityCertificate }
const gate = new FaultGate()
const seen: SeenRequest[] = []
const behaviours: Record<ServerName, ServerBehaviour> = {
  primary: goodServer,
  secondary: goodServer,
  origin: goodServer,
}
let resourceBehaviour: ResourceBehaviour = goodResource

const startServer = async (name: 'primary' | 'secondary') => {
  const origin = await listenOnLoopback((call) => answerAt(name, servers[name], call), undefined)
  return makeServer(name, `${origin}${issuerPath}`)
}
const makeServer = (name: ServerName, issuer: string) =>
  new AuthorizationServer({ issuer, resource: () => resource.url, behaviour: () => behaviours[name] })

const resourceOrigin = await listenOnLoopback(answerAtResource, mutualTls ? tls : undefined)
const resource: ResourceServer = new ResourceServer({
  origin: resourceOrigin,
  behaviour: () => resourceBehaviour,
  issuers: () => resourceBehaviour.authorizationServers.map((each) => (isName(each) ? servers[each].issuer : each)),
  books: () => trustedNames().map((name) => servers[name].book),
  hold: () => gate.hold(),
})
const servers: Record<ServerName, AuthorizationServer> = {
  primary: await startServer('primary'),
  secondary: await startServer('secondary'),
  origin: makeServer('origin', resourceOrigin),
}

function isName(value: string): value is ServerName {
  return Object.hasOwn(servers, value)
}

/** Without metadata the endpoint belongs to the server at its own origin (2025-03-26). */
function trustedNames(): ServerName[] {
  if (resourceBehaviour.metadataPlace === 'absent') return ['origin', 'primary']
  return resourceBehaviour.authorizationServers.filter(isName)
}

function answerAtResource(call: Call): Promise<Answer | 'hang-up'> {
  const at = resource.endpointOf(call.url.pathname)
  if (at === undefined) return answerAt('origin', servers.origin, call)
  note('resource', call)
  return gate.pass({ at, server: undefined, grant: undefined }, () => resource.answer(call))
}

async function answerAt(name: ServerName, server: AuthorizationServer, call: Call): Promise<Answer | 'hang-up'> {
  note(name, call)
  const endpoint = server.endpointOf(call.url.pathname)
  if (endpoint === undefined || endpoint === 'keys') return server.answer(call)
  const at: Endpoint = endpoint
  const grant = at === 'token' ? (new URLSearchParams(call.body).get('grant_type') ?? undefined) : undefined
  return gate.pass({ at, server: name, grant }, () => server.answer(call))
}

function note(server: SeenRequest['server'], { method, url, headers, body }: Call): void {
  seen.push({ server, method, url: `${url.pathname}${url.search}`, headers, body })
}

function setBehaviour({ resource: changes, faults, ...byServer }: BehaviourChange): void {
  for (const name of ['primary', 'secondary', 'origin'] as const) {
    behaviours[name] = { ...behaviours[name], ...byServer[name] }
  }
  resourceBehaviour = { ...resourceBehaviour, ...changes }
  if (faults) gate.replace(faults)
}

function mint({ accounts, clientId }: { accounts: readonly string[]; clientId: string }): unknown {
  const { book, behaviour } = servers.primary
  return accounts.map((account) =>
    book.issue({ clientId, account, scopes: ['read'], resource: resource.url, killed: false }, behaviour, true),
  )
}

const commands: { readonly [name: string]: (value: unknown) => unknown } = {
  setBehaviour: (value) => setBehaviour(value as BehaviourChange),
  counts: (): Counts => {
    const { primary, secondary, origin } = servers
    const byServer = { primary: primary.counts, secondary: secondary.counts, origin: origin.counts }
    return { ...byServer, resource: resource.counts, held: gate.held }
  },
  takeRequests: () => seen.splice(0),
  secrets: () => Object.values(servers).flatMap(({ book }) => [...book.secrets]),
  liveAccounts: () => Object.values(servers).flatMap(({ book }) => book.liveAccounts()),
  mint: (value) => mint(value as { accounts: readonly string[]; clientId: string }),
  release: () => gate.release(),
  expireAccess: () => Object.values(servers).map(({ book }) => book.expireAccess()),
  killGrants: () => Object.values(servers).map(({ book }) => book.killAll()),
  forgetClients: () => Object.values(servers).map(({ clients }) => clients.forget()),
}

process.on('message', ({ id, command, value }: { id: number; command: string; value: unknown }) => {
  process.send?.({ id, result: commands[command]?.(value) ?? null })
})
process.on('disconnect', () => process.exit())
const { primary, secondary } = servers
const ready = {
  mcpUrl: resource.url,
  issuer: primary.issuer,
  secondaryIssuer: secondary.issuer,
  origin: resourceOrigin,
}
process.send?.({ ready })
