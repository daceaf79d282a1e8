import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamOAuth, UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { readChallenge, type UpstreamChallenge } from './read-challenge.ts'
import { findResourceMetadata, type ResourceMetadata } from './resource-metadata.ts'
import { isSameIssuer } from './same-issuer.ts'
import { assumeServerMetadata, findServerMetadata, type ServerMetadata } from './server-metadata.ts'
import type { OpenDoor } from './upstream-door.ts'

/** Who issues tokens for an upstream, and for what. */
export interface DiscoveredUpstream {
  /** Identifier that the upstream names: clients and tokens are kept by it. */
  readonly issuer: string
  readonly server: ServerMetadata
  /** `resource` of its metadata, verbatim; undefined for an upstream that publishes none. */
  readonly resource: string | undefined
  readonly scopesSupported: readonly string[]
  readonly challengeScopes: readonly string[]
}

/** Finds out who issues tokens for an upstream. Rejects with a `credential_*` reason. */
export interface UpstreamDiscovery {
  /** What was found at most `maxAgeMs` ago (default: ten minutes), else anew. 0: looks now, together with who looks already. */
  find(upstream: UpstreamSettings, maxAgeMs?: number): Promise<DiscoveredUpstream>
  /** Looks anew next time: something that was found did not hold. */
  forget(upstream: UpstreamSettings): void
}

const defaultMaxAgeMs = 10 * 60 * 1000
const probeTimeoutMs = 5000

/** Discovery that asks once for all who wait, and remembers. A reload forgets, since every reload has settings of its own. */
export function createUpstreamDiscovery(openDoor: OpenDoor, clock: Clock): UpstreamDiscovery {
  const found = new WeakMap<UpstreamSettings, { readonly result: Promise<DiscoveredUpstream>; atMs: number }>()
  return {
    find(upstream, maxAgeMs = defaultMaxAgeMs) {
      const known = found.get(upstream)
      if (known !== undefined && clock() - known.atMs < maxAgeMs) return known.result
      const result = discoverUpstream(openDoor(upstream), upstream)
      // Not found yet, so not too old for anybody.
      const entry = { result, atMs: Number.POSITIVE_INFINITY }
      found.set(upstream, entry)
      result.then(
        () => {
          entry.atMs = clock()
        },
        () => {
          if (found.get(upstream) === entry) found.delete(upstream)
        },
      )
      return result
    },
    forget: (upstream) => void found.delete(upstream),
  }
}

async function discoverUpstream(
  call: CallAuthorizationServer,
  upstream: UpstreamSettings,
): Promise<DiscoveredUpstream> {
  const { url, oauth } = upstream
  if (oauth === undefined) throw failed('the mode of the upstream knows no authorization server')
  const probe = await probeUpstream(call, url)
  const resource = await findResourceMetadata(call, url, oauth, probe.challenge)
  return resource === undefined
    ? discoverWithoutMetadata(call, url, oauth, probe)
    : discoverByMetadata(call, oauth, resource, probe)
}

async function discoverByMetadata(
  call: CallAuthorizationServer,
  oauth: UpstreamOAuth,
  { resource, authorizationServers, scopesSupported }: ResourceMetadata,
  { challenge }: Probe,
): Promise<DiscoveredUpstream> {
  const issuer = chooseServer(oauth, authorizationServers)
  const server = await findServerMetadata(call, issuer, oauth)
  if (server === undefined) throw failed(`the authorization server ${issuer} publishes no metadata`)
  return { issuer, server, resource, scopesSupported, challengeScopes: challenge?.scopes ?? [] }
}

function chooseServer({ authorizationServer }: UpstreamOAuth, offered: readonly string[]): string {
  const wanted = offered.find((each) => authorizationServer !== undefined && isSameIssuer(each, authorizationServer))
  if (authorizationServer !== undefined && offered.length > 0 && wanted === undefined)
    throw failed(`the upstream does not name ${authorizationServer} any more, but ${offered.join(' ').slice(0, 200)}`)
  const chosen = wanted ?? authorizationServer ?? offered[0]
  if (chosen === undefined) throw failed('the resource metadata names no authorization server')
  return chosen
}

/** As in 2025-03-26: the authorization server is at the origin of the endpoint, with default paths if it publishes nothing. */
async function discoverWithoutMetadata(
  call: CallAuthorizationServer,
  url: string,
  oauth: UpstreamOAuth,
  { status, challenge }: Probe,
): Promise<DiscoveredUpstream> {
  const issuer = oauth.authorizationServer ?? new URL(url).origin
  const published = await findServerMetadata(call, issuer, oauth)
  if (published === undefined && (status !== 401 || oauth.authorizationServer !== undefined))
    throw failed(`neither the upstream nor ${issuer} publishes metadata, and it answered ${status} without a token`)
  const server = published ?? assumeServerMetadata(issuer)
  return { issuer, server, resource: undefined, scopesSupported: [], challengeScopes: challenge?.scopes ?? [] }
}

interface Probe {
  readonly status: number
  readonly challenge: UpstreamChallenge | undefined
}

/** Some servers let everybody in and ask for a token at the first request that means something. */
const probes = [
  {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'sallyport', version: '0' } },
  },
  { method: 'tools/list', params: {} },
]

/** What the endpoint answers to somebody without a token: the first refusal, else the last answer. */
async function probeUpstream(call: CallAuthorizationServer, url: string): Promise<Probe> {
  let probe: Probe = { status: 0, challenge: undefined }
  for (const message of probes) {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-11-25',
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })
    const request = { method: 'POST', headers, body, timeoutMs: probeTimeoutMs, challengeOnly: true }
    const { status, headers: answered } = await call(url, request)
    probe = { status, challenge: status === 401 ? readChallenge(answered.get('www-authenticate')) : undefined }
    if (status === 401) break
  }
  return probe
}

function failed(detail: string): GatewayError {
  return new GatewayError('credential_discovery_failed', { detail })
}
