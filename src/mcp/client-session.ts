import type { Exchange } from '../contracts/exchange.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../lib/json.ts'
import { randomId } from '../lib/random-id.ts'
import type { TokenSealer } from '../lib/seal-token.ts'

/** What the gateway knows of a legacy client since its `initialize`. It travels, sealed, in the client's own `Mcp-Session-Id`. */
export interface ClientSession {
  /** Names the session among those that the gateway opened upstream for it. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly begunAtMs: number
  readonly client: LegacyClient
  /** The session that the client itself began upstream, and under which credential; absent when it was not connected yet. */
  readonly upstream?: { readonly id?: string | undefined; readonly identity: string } | undefined
}

/** What a client says of itself in `initialize`: as much as the gateway needs to begin a session upstream in its name. */
export interface LegacyClient {
  readonly protocolVersion: string | undefined
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Requests of the upstream that pass the gateway, as far as this client answers them. */
  readonly capabilities: JsonObject
}

const relayedCapabilities: { readonly [name: string]: readonly string[] } = {
  roots: ['listChanged'],
  sampling: ['context', 'tools'],
  elicitation: ['form', 'url'],
}

/** What others define: kept whole, or not at all when it is long. */
const openCapabilities = ['extensions', 'experimental']
const mostOpenCharacters = 500

/** Reads `initialize`. Names are cut and unknown capabilities left out: all of it goes into a header. */
export function describeLegacyClient(message: McpMessage): LegacyClient {
  const params = objectMember(message.body, 'params') ?? {}
  const declared = objectMember(params, 'capabilities') ?? {}
  const capabilities: JsonObject = {}
  for (const [name, members] of Object.entries(relayedCapabilities)) {
    const capability = objectMember(declared, name)
    if (!capability) continue
    const kept = members.filter((member) => Object.hasOwn(capability, member))
    capabilities[name] = Object.fromEntries(kept.map((member) => [member, capability[member] === true ? true : {}]))
  }
  for (const name of openCapabilities) {
    const capability = objectMember(declared, name)
    if (capability && JSON.stringify(capability).length <= mostOpenCharacters) capabilities[name] = capability
  }
  const { name = 'unknown', version = '' } = message.clientInfo ?? {}
  return {
    protocolVersion: stringMember(params, 'protocolVersion')?.slice(0, 20),
    clientInfo: { name: name.slice(0, 100), version: version.slice(0, 50) },
    capabilities,
  }
}

/** A client that keeps no session, so that nothing is known of it but the revision of its message. */
export function unknownLegacyClient(protocolVersion: string | undefined): LegacyClient {
  return { protocolVersion, clientInfo: { name: 'unknown', version: '' }, capabilities: {} }
}

/** A session for this client, begun upstream or not yet. */
export function beginClientSession(client: LegacyClient, upstream: ClientSession['upstream']): ClientSession {
  return { key: randomId(), begunAtMs: Date.now(), client, upstream }
}

/** The session id that the client receives: it opens for this subject, client and route only. */
export function sealClientSession(sealer: TokenSealer, session: ClientSession, exchange: Exchange): string {
  return sealer.seal(JSON.stringify(session), contextOf(exchange))
}

// A client that is told that there is no such session begins another one, unnoticed.
const longestMs = 7 * 24 * 60 * 60 * 1000

/** Undefined when the session id is not this subject's, client's and route's, or is older than a week. */
export function openClientSession(
  sealer: TokenSealer,
  id: string,
  exchange: Exchange,
  nowMs = Date.now(),
): ClientSession | undefined {
  const opened = sealer.open(id, contextOf(exchange))
  if (opened === undefined) return undefined
  // Nobody but this gateway can have sealed it.
  const session = JSON.parse(opened) as ClientSession
  return nowMs - session.begunAtMs < longestMs ? session : undefined
}

/** True for capabilities that include opening a link for the person (`elicitation.url`). */
export function elicitsUrls(capabilities: JsonObject | undefined): boolean {
  const elicitation = capabilities && objectMember(capabilities, 'elicitation')
  return isJsonObject(elicitation?.url)
}

function contextOf({ routeName, subject }: Exchange): string {
  return JSON.stringify(['mcp-client-session', routeName, subject?.tenant, subject?.id, subject?.clientId])
}
