import type { UpstreamMode } from '../config/edit/upstream-modes.ts'
import { listModes } from '../config/edit/upstream-policy.ts'
import { readCatalog } from '../config/read-catalog.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import { createUpstreamDiscovery } from '../credentials/oauth-client/discover-upstream.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { createCallAuthorizationServer } from '../http/call-authorization-server.ts'
import { type AllowsAddress, createGuardedPool, judgeUrl } from '../http/guarded-pool.ts'
import { isJsonObject, objectMember, stringMember } from '../lib/json.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { type ListedUpstream, listPoolLimits, listUpstream } from '../mcp/list-upstream.ts'
import type { AdminHost } from './admin-host.ts'
import { sameUrl } from './answers/catalog.ts'
import { describeDefinitions, mostShown } from './describe-definitions.ts'

/** An upstream that is not part of the project, and a credential for this one test. */
export interface TestedUpstream {
  readonly url: string
  readonly credential?: { readonly header: string; readonly scheme: string; readonly value: string } | undefined
}

/** What discovery found, or stumbled over. */
interface FoundAuthorization {
  readonly issuer: string | null
  readonly resource: string | null
  readonly scopes: string[]
  readonly registration: { readonly dynamic: boolean; readonly documents: boolean } | null
  readonly pkce: boolean | null
  readonly problem: string | null
}

const longestInstructions = 8000
const longestTestMs = 60_000

/** Calls an upstream and says what it speaks, wants and offers. Throws `upstream_address_not_allowed`; all other failures are in the answer. */
export async function testUpstream(tested: TestedUpstream, host: AdminHost, signal: AbortSignal) {
  const url = new URL(tested.url)
  const allows = admitUrl(url, host)
  const startedAt = performance.now()
  const listed = await list(tested, url, allows, host, signal)
  const failure = listed instanceof GatewayError ? listed : undefined
  const found = failure ? undefined : (listed as ListedUpstream)
  const needed = failure?.reason === 'upstream_unauthorized'
  const authorization = needed ? await discover(url, host) : nothingFound
  const catalog = await readCatalog(host.project().directory)
  const entry = catalog.find((each) => sameUrl(each.url, url.href))
  const lists = (['tools', 'prompts', 'resources', 'resourceTemplates'] as const).map(
    (name) => [name, found?.lists.get(name) ?? []] as const,
  )
  const described = Object.fromEntries(lists.map(([name, entries]) => [name, describeDefinitions(name, entries)]))
  const totalMs = round(performance.now() - startedAt)
  return {
    url: url.href,
    reachable: failure === undefined || needed || failure.reason === 'upstream_protocol_error',
    reason: failure?.reason ?? null,
    message: failure ? describeFailure(failure) : null,
    latencyMs: failure === undefined || needed ? totalMs : null,
    totalMs,
    ...describeServer(found),
    auth: {
      needed,
      httpStatus: typeof failure?.details.data?.['httpStatus'] === 'number' ? failure.details.data['httpStatus'] : null,
      modes: entry ? [...listModes(entry)] : suggestModes(needed, authorization),
      ...authorization,
    },
    catalogId: entry?.id ?? null,
    suggestedName: suggestName(url, entry?.id, host),
    tools: described['tools'] ?? [],
    prompts: described['prompts'] ?? [],
    resources: described['resources'] ?? [],
    resourceTemplates: described['resourceTemplates'] ?? [],
    truncated: lists.some(([, entries]) => entries.length > mostShown),
  }
}

function admitUrl(url: URL, host: AdminHost): AllowsAddress {
  const { mode, settings } = host.project()
  const judged = judgeUrl(url, {
    allowedHosts: settings.admin.allowedUpstreamHosts,
    allowLoopback: mode === 'dev',
  })
  if (typeof judged === 'string') throw new GatewayError('upstream_address_not_allowed', { message: judged })
  return judged
}

async function list(
  { credential }: TestedUpstream,
  url: URL,
  allows: AllowsAddress,
  host: AdminHost,
  signal: AbortSignal,
): Promise<ListedUpstream | GatewayError> {
  const pool = createGuardedPool(url.origin, listPoolLimits, allows)
  const end = AbortSignal.any([signal, AbortSignal.timeout(longestTestMs)])
  const stop = () => void pool.destroy()
  end.addEventListener('abort', stop, { once: true })
  try {
    const headers: { [name: string]: string } = {}
    if (credential) headers[credential.header.toLowerCase()] = `${credential.scheme} ${credential.value}`.trim()
    const clientInfo = { name: 'sallyport', version: host.version }
    return await listUpstream(url.href, { clientInfo, headers, pool })
  } catch (error) {
    return asGatewayError(error)
  } finally {
    end.removeEventListener('abort', stop)
  }
}

const nothingFound: FoundAuthorization = {
  issuer: null,
  resource: null,
  scopes: [],
  registration: null,
  pkce: null,
  problem: null,
}

/** RFC 9728, RFC 8414: through the guarded door, where the tested host alone may be anywhere, if the operator said so. */
async function discover(url: URL, host: AdminHost): Promise<FoundAuthorization> {
  const { mode, settings } = host.project()
  const isLocal = mode === 'dev' && isLoopbackHost(url.hostname)
  const door = createCallAuthorizationServer({
    unreachable: 'credential_provider_unreachable',
    trustedHosts: new Set(settings.admin.allowedUpstreamHosts),
    allowLoopbackHttp: isLocal,
    trustLoopback: isLocal,
  })
  try {
    const { issuer, server, resource, scopesSupported, challengeScopes } = await createUpstreamDiscovery(
      () => door,
      host.clock,
    ).find(settingsFor(url.href))
    return {
      issuer,
      resource: resource ?? null,
      scopes: [...(challengeScopes.length > 0 ? challengeScopes : scopesSupported)],
      registration: {
        dynamic: server.registrationEndpoint !== undefined,
        documents: server.acceptsClientDocuments,
      },
      pkce: server.offersPkce,
      problem: null,
    }
  } catch (error) {
    const { details, message } = asGatewayError(error)
    return { ...nothingFound, problem: details.detail ?? message }
  }
}

/** As a route with a policy that says nothing more than the mode. */
function settingsFor(url: string): UpstreamSettings {
  const overrides = { allowIssuerMismatch: false, assumePkce: false, resource: 'send' } as const
  return {
    id: 'test',
    displayName: 'test',
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
      overrides,
    },
    apiKey: undefined,
    clientCredentials: undefined,
    tokenExchange: undefined,
    idJag: undefined,
    clientCertificate: undefined,
    trustedHosts: [],
    shareCatalog: false,
  }
}

function describeServer(found: ListedUpstream | undefined) {
  const info = found && (objectMember(found.handshake, 'serverInfo') ?? serverInfoOf(found.handshake))
  const text = (name: string) => (info ? (stringMember(info, name) ?? null) : null)
  const instructions = found && stringMember(found.handshake, 'instructions')
  const capabilities = found && objectMember(found.handshake, 'capabilities')
  return {
    era: found?.era ?? null,
    protocolVersion: found?.protocolVersion ?? null,
    server: info ? { name: text('name'), title: text('title'), version: text('version') } : null,
    instructions: instructions?.slice(0, longestInstructions) ?? null,
    capabilities: Object.keys(capabilities ?? {}),
  }
}

/** 2026-07-28 has it in `_meta` of the result. */
function serverInfoOf(handshake: ListedUpstream['handshake']) {
  const meta = objectMember(handshake, '_meta')
  const info = meta?.['io.modelcontextprotocol/serverInfo']
  return isJsonObject(info) ? info : undefined
}

/** Whoever publishes an authorization server wants people to sign in; others want a key. */
function suggestModes(needed: boolean, { issuer }: FoundAuthorization): UpstreamMode[] {
  if (!needed) return ['none', 'user-api-key', 'shared-api-key']
  const oauth: UpstreamMode[] = ['user-oauth', 'shared-oauth']
  const keys: UpstreamMode[] = ['user-api-key', 'shared-api-key']
  return issuer === null ? [...keys, ...oauth] : [...oauth, ...keys]
}

/** `https://mcp.linear.app/mcp` → `linear`; a number behind it where that is taken. */
function suggestName({ hostname }: URL, id: string | undefined, host: AdminHost): string {
  const labels = hostname.split('.').filter((label) => !['www', 'mcp', 'api'].includes(label))
  const label = (labels.length > 1 ? labels.at(-2) : labels[0]) ?? ''
  const base = id ?? (/^[a-z][a-z0-9-]*$/.test(label) ? label : 'upstream')
  const taken = new Set(host.project().routes.map(({ operationId }) => operationId))
  if (!taken.has(base)) return base
  for (let number = 2; ; number++) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`
}

/** The detail names hosts and statuses, never the credential: it was in a header only. */
function describeFailure({ message, details }: GatewayError): string {
  return details.detail === undefined ? message : `${message} (${details.detail.slice(0, 300)})`
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
