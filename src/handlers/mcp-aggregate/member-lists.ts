import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { type MemberPlace, openPlaces, sealPlaces } from '../../mcp/aggregate/list-cursor.ts'
import type { Naming } from '../../mcp/aggregate/locate-target.ts'
import { joinInstructions, type MemberHandshake, mergeCapabilities } from '../../mcp/aggregate/merge-capabilities.ts'
import { type MemberPage, type MergedPage, mergeLists } from '../../mcp/aggregate/merge-lists.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { forEra } from '../../mcp/connect-required/refuse-call.ts'
import { listMethods } from '../../mcp/methods.ts'
import { createKnownAnswer } from '../../mcp/own-answer.ts'
import { agreeOnLegacyVersion, supportedVersions } from '../../mcp/protocol-versions.ts'
import type { LastKnown, SeenPage } from './last-known.ts'
import type { AggregateMember } from './member.ts'
import type { MemberResponse } from './member-session.ts'

/** What the lists of one aggregate need. */
export interface MemberListsOptions {
  readonly members: readonly AggregateMember[]
  readonly naming: Naming
  readonly lastKnown: LastKnown
  /** How long a list or handshake waits for a member. */
  readonly memberMs: number
  /** Goes before the instructions of the members. */
  readonly preface: string | undefined
  readonly host: HandlerHost
}

const merged: ReadonlyMap<string, string> = new Map([...listMethods, ['skills/list', 'skills']])
const mostPages = 100

/** What all members say together. One that does not answer is shown as it was last, and never keeps the others from being shown. */
export class MemberLists {
  readonly #options: MemberListsOptions

  constructor(options: MemberListsOptions) {
    this.#options = options
  }

  merges(method: string): boolean {
    return merged.has(method)
  }

  /** One page of a list of all members. */
  async list(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<McpAnswer | GatewayError> {
    const { sessionSealer } = this.#options.host
    const cursor = stringMember(objectMember(message.body, 'params') ?? {}, 'cursor')
    const places =
      cursor === undefined ? this.#beginnings() : openPlaces(sessionSealer, cursor, message.method, exchange)
    if (places === undefined)
      return new GatewayError('message_invalid', { message: 'Unknown cursor.', code: -32602, status: 200 })
    const { entries, next, ttlMs, cacheScope } = await this.#page(message, exchange, session, places)
    const result: JsonObject = { [merged.get(message.method) ?? '']: entries }
    if (next.length > 0) result.nextCursor = sealPlaces(sessionSealer, next, message.method, exchange)
    return createKnownAnswer(
      message,
      message.era === 'modern' ? { ...forEra(message, result), ttlMs, cacheScope } : result,
    )
  }

  /** Every entry of a list, for whoever asked `message`, before the policies of the aggregate. */
  async listAll(
    method: string,
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<readonly JsonObject[]> {
    const { cursor: _, ...params } = listParams(message)
    const asked = createMessage(message, { jsonrpc: '2.0', id: message.id, method, params })
    const entries: JsonObject[] = []
    let places: readonly MemberPlace[] = this.#beginnings()
    for (let page = 0; places.length > 0 && page < mostPages; page++) {
      const found = await this.#page(asked, exchange, session, places)
      entries.push(...found.entries)
      places = found.next
    }
    return entries
  }

  async initialize(message: McpMessage, exchange: Exchange, session: ClientSession): Promise<McpAnswer> {
    const requested = stringMember(objectMember(message.body, 'params') ?? {}, 'protocolVersion')
    const handshakes = await this.#shakeHands(message, exchange, session)
    return createKnownAnswer(message, {
      protocolVersion: agreeOnLegacyVersion(requested),
      capabilities: mergeCapabilities(handshakes, 'legacy'),
      serverInfo: this.#serverInfo(),
      ...this.#instruct(handshakes),
    })
  }

  async discover(message: McpMessage, exchange: Exchange): Promise<McpAnswer> {
    const handshakes = await this.#shakeHands(message, exchange, undefined)
    return createKnownAnswer(message, {
      resultType: 'complete',
      supportedVersions,
      capabilities: mergeCapabilities(handshakes, 'modern'),
      ...this.#instruct(handshakes),
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': this.#serverInfo() },
    })
  }

  /** The same message for every member, at the latest after the time of a list. What they answer is of no interest. */
  async askAll(create: () => McpMessage, exchange: Exchange, session: ClientSession | undefined): Promise<void> {
    const { members, memberMs } = this.#options
    await Promise.all(members.map((member) => member.askInTime({ message: create(), exchange, session }, memberMs)))
  }

  #beginnings(): MemberPlace[] {
    return this.#options.members.map(({ name }) => [name, null])
  }

  async #page(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
    places: readonly MemberPlace[],
  ): Promise<MergedPage> {
    const { members, host } = this.#options
    const list = merged.get(message.method) ?? ''
    const asked = members.flatMap((member) => {
      const place = places.find(([name]) => name === member.name)
      return place ? [this.#memberPage(member, place, message, exchange, session)] : []
    })
    const pages = await Promise.all(asked)
    const found = pages.filter((page) => page !== undefined)
    return mergeLists(list, found, host.limits.capabilities)
  }

  async #memberPage(
    member: AggregateMember,
    place: MemberPlace,
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<MemberPage | undefined> {
    const { lastKnown, memberMs, naming } = this.#options
    const { method } = message
    const cursor = place[1] ?? undefined
    const params = { ...listParams(message), ...(cursor !== undefined && { cursor }) }
    const asked = createMessage(message, { ...message.body, params })
    const said = await member.askInTime({ message: asked, exchange, session }, memberMs)
    const exposed = { ...naming, member: member.name }
    if (!(said instanceof GatewayError)) {
      const { result } = said.response
      if (!isJsonObject(result)) return undefined
      this.#note(said, { exchange, member: member.name, method, list: merged.get(method), cursor, result })
      return { member: exposed, place, result, isOld: false }
    }
    const known = cursor === undefined ? await lastKnown.find(exchange, member.name, method) : undefined
    // Nothing known of it: all the same the list is not the whole one, and nobody is to keep it.
    return { member: exposed, place, result: known ? this.#shorten(known, method) : {}, isOld: true }
  }

  /** All pages of a list are kept as one, which may be longer than a page may be. */
  #shorten(known: JsonObject, method: string): JsonObject {
    const list = merged.get(method) ?? ''
    const entries = known[list]
    return Array.isArray(entries)
      ? { ...known, [list]: entries.slice(0, this.#options.host.limits.capabilities) }
      : known
  }

  /** Of members that do not answer, what they said last. */
  async #shakeHands(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<readonly MemberHandshake[]> {
    const { members, lastKnown, memberMs, host } = this.#options
    const { method } = message
    const found = await Promise.all(
      members.map(async (member) => {
        const announces = host.hasStream && member.hasStream
        const copy = createMessage(message, message.body)
        const said = await member.shakeHands({ message: copy, exchange, session }, memberMs)
        const result = said instanceof GatewayError ? undefined : said.response.result
        if (!(said instanceof GatewayError) && isJsonObject(result)) {
          this.#note(said, { exchange, member: member.name, method, list: undefined, cursor: undefined, result })
          return { member: member.name, result, announces }
        }
        const known = await lastKnown.find(exchange, member.name, method)
        return known && { member: member.name, result: known, announces }
      }),
    )
    return found.filter((handshake) => handshake !== undefined)
  }

  /** What a member says in the place of an upstream is not kept; without a connection nothing is. */
  #note({ refusal, bytes }: MemberResponse, page: SeenPage): void {
    if (refusal === undefined) this.#options.lastKnown.note(page, bytes)
    else if (refusal.reason === 'connection_required') this.#options.lastKnown.forget(page.exchange, page.member)
  }

  #instruct(handshakes: readonly MemberHandshake[]): JsonObject {
    const parts = [this.#options.preface, joinInstructions(handshakes)].filter((part) => part !== undefined)
    return parts.length === 0 ? {} : { instructions: parts.join('\n\n') }
  }

  #serverInfo(): JsonObject {
    return { name: this.#options.host.routeName, version: '1.0.0' }
  }
}

function listParams(message: McpMessage): JsonObject {
  const { cursor: _, name: __, arguments: ___, ...params } = objectMember(message.body, 'params') ?? {}
  return params
}
