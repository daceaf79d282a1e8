import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, HandlerType, McpAnswer, McpHandler, StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { locateTarget, type Naming } from '../../mcp/aggregate/locate-target.ts'
import { MappedNames, type MemberNames, PrefixedNames } from '../../mcp/aggregate/member-names.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import {
  beginClientSession,
  type ClientSession,
  describeLegacyClient,
  openClientSession,
  sealClientSession,
} from '../../mcp/client-session.ts'
import { sessionOwnerOf } from '../../mcp/live-sessions.ts'
import { acceptedAnswer, createOwnAnswer } from '../../mcp/own-answer.ts'
import { exposeAnswer } from './expose-answer.ts'
import { LastKnown } from './last-known.ts'
import { AggregateMember, withParams } from './member.ts'
import { MemberLists } from './member-lists.ts'
import { MemberStreams } from './member-streams.ts'
import { listenToMembers } from './member-subscriptions.ts'
import { type McpAggregateOptions, mcpAggregateOptions } from './options.ts'
import { refuseForMember } from './refuse-for-member.ts'
import { searchInstructions, ToolSearch } from './tool-search.ts'

/** Serves several routes of the project as one virtual server. */
export const mcpAggregateHandler: HandlerType<McpAggregateOptions> = {
  exportName: 'McpAggregateHandler',
  summary:
    'Serves several MCP routes of the project as one virtual server, each with its own policies and credentials.',
  kind: 'mcp',
  options: mcpAggregateOptions,
  upstreamUrl: ({ members }) => `members:${Object.keys(members).join('+')}`,
  memberRoutes: ({ members }) => new Map(Object.entries(members).map(([name, { route }]) => [name, route])),
  // Of what members keep, and because a part of a request cannot be answered elsewhere.
  placement: () => 'person',
  create: (options, host) => new McpAggregate(options, host),
}

class McpAggregate implements McpHandler {
  readonly forwardHeaders: readonly string[] = []
  readonly #host: HandlerHost
  readonly #members: ReadonlyMap<string, AggregateMember>
  readonly #naming: Naming
  readonly #lists: MemberLists
  readonly #memberMs: number
  readonly #lastKnown: LastKnown
  readonly #search: ToolSearch | undefined

  constructor(options: McpAggregateOptions, host: HandlerHost) {
    this.#host = host
    const entries = Object.entries(options.members)
    const members = entries.map(([name, { route }]) => new AggregateMember(name, route, host))
    this.#members = new Map(members.map((member) => [member.name, member]))
    this.#naming = {
      members: new Set(this.#members.keys()),
      tools: namesOf('tools', options),
      prompts: namesOf('prompts', options),
    }
    this.#lastKnown = new LastKnown(host.knownCatalogs, host.routeName, host.log)
    this.#memberMs = options.memberSeconds * 1000
    this.#lists = new MemberLists({
      members,
      naming: this.#naming,
      lastKnown: this.#lastKnown,
      memberMs: this.#memberMs,
      preface: options.discovery === 'search' ? searchInstructions : undefined,
      host,
    })
    this.#search = options.discovery === 'search' ? new ToolSearch(host, options.alwaysListed) : undefined
  }

  unwrapMessage(message: McpMessage): McpMessage | undefined {
    return this.#search?.unwrap(message)
  }

  ownsTool(message: McpMessage): boolean {
    return this.#search?.owns(message) ?? false
  }

  /** Members keep what they listed by themselves, each under its own credential. */
  cacheOwner(): undefined {
    return undefined
  }

  async handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = this.#openSession(message, exchange)
    if (session instanceof GatewayError) return session
    if (message.kind === 'response') return this.#passResponse(message, exchange, session)
    if (message.kind === 'notification') return this.#passNotification(message, exchange, session)
    const searched = await this.#search?.answer(message, exchange)
    if (searched) return searched
    const target = locateTarget(message, this.#naming)
    if (target === undefined) return unknownCapability(message)
    if (target !== 'unaddressed') return this.#passCall(message, exchange, session, target)
    if (message.method === 'initialize') return this.#initialize(message, exchange)
    if (message.method === 'server/discover') return this.#lists.discover(message, exchange)
    if (message.method === 'ping') return createOwnAnswer(message, {})
    if (message.method === 'logging/setLevel') return this.#setLevel(message, exchange, session)
    if (message.method === 'subscriptions/listen') {
      return listenToMembers(message, exchange, this.#members, this.#naming, this.#memberMs)
    }
    if (this.#lists.merges(message.method)) return this.#lists.list(message, exchange, session)
    const text = `Method not found: ${message.method}`
    return new GatewayError('message_method_unknown', {
      message: text,
      ...(message.era === 'legacy' && { status: 200 }),
    })
  }

  /** GET: what members announce by themselves. */
  openStream(exchange: Exchange): StreamedAnswer | GatewayError {
    const opened = this.#findSession(exchange)
    if (opened === undefined) return new GatewayError('session_unknown')
    return new MemberStreams({ ...opened, members: [...this.#members.values()], naming: this.#naming, exchange }).stream
  }

  /** DELETE: the members' sessions end with it. */
  async endSession(exchange: Exchange): Promise<GatewayError | undefined> {
    const opened = this.#findSession(exchange)
    if (opened === undefined) return new GatewayError('session_unknown')
    const { session } = opened
    this.#host.liveSessions.end(session.key, sessionOwnerOf(exchange))
    const members = [...this.#members.values()]
    await Promise.all(members.map((member) => member.endSession(session, exchange, this.#memberMs)))
    return undefined
  }

  async close(): Promise<void> {
    await Promise.all([this.#lastKnown.flush(), ...[...this.#members.values()].map((member) => member.close())])
  }

  #openSession(message: McpMessage, exchange: Exchange): ClientSession | GatewayError | undefined {
    const id = exchange.headers['mcp-session-id']
    if (id === undefined || message.era === 'modern' || message.method === 'initialize') return undefined
    return this.#findSession(exchange)?.session ?? new GatewayError('session_unknown')
  }

  /** That of this client, unless it has ended. */
  #findSession(exchange: Exchange): { readonly session: ClientSession; readonly live: LiveSession } | undefined {
    const { sessionSealer, liveSessions } = this.#host
    const session = openClientSession(sessionSealer, String(exchange.headers['mcp-session-id']), exchange)
    const live = session && liveSessions.open(session.key, sessionOwnerOf(exchange))
    return live && { session, live }
  }

  async #initialize(message: McpMessage, exchange: Exchange): Promise<McpAnswer> {
    const session = beginClientSession(describeLegacyClient(message), undefined)
    exchange.setResponseHeader('mcp-session-id', sealClientSession(this.#host.sessionSealer, session, exchange))
    return this.#lists.initialize(message, exchange, session)
  }

  /** A call of something that one member has. */
  async #passCall(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
    target: { readonly member: string; readonly params: JsonObject | undefined },
  ): Promise<McpAnswer | GatewayError> {
    const member = this.#members.get(target.member)
    const params = target.params ?? (await this.#listFirst(message, exchange, session))
    if (member === undefined || params === undefined) return unknownCapability(message)
    const parameterHeaders = await this.#search?.mirror(message, exchange)
    const asked = await member.ask({ message: withParams(message, params), exchange, session, parameterHeaders })
    if (asked instanceof GatewayError) return refuseForMember(asked, message, member.name)
    return exposeAnswer(asked.answer, message, { ...this.#naming, member: member.name })
  }

  /** A shortened name that this process has not seen since it started: the list of the member says whose it is. */
  async #listFirst(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<JsonObject | undefined> {
    const method = message.method === 'tools/call' ? 'tools/list' : 'prompts/list'
    await this.#lists.listAll(method, message, exchange, session)
    const target = locateTarget(message, this.#naming)
    return target === 'unaddressed' ? undefined : target?.params
  }

  /** Which member asked is in the id. */
  async #passResponse(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<McpAnswer | GatewayError> {
    const [name = '', id] = splitResponseId(message.id)
    const member = this.#members.get(name)
    if (session === undefined || member === undefined || id === undefined || !member.hasSession(session)) {
      return new GatewayError('message_response_unexpected')
    }
    const asked = await member.ask({ message: createMessage(message, { ...message.body, id }), exchange, session })
    return asked instanceof GatewayError ? asked : acceptedAnswer
  }

  /** To every member that knows this client; one that runs no such call ignores it. */
  async #passNotification(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<McpAnswer> {
    if (session && passedNotifications.has(message.method)) {
      const known = [...this.#members.values()].filter((member) => member.hasSession(session))
      const copy = () => createMessage(message, message.body)
      await Promise.all(known.map((member) => member.ask({ message: copy(), exchange, session })))
    }
    return acceptedAnswer
  }

  async #setLevel(message: McpMessage, exchange: Exchange, session: ClientSession | undefined): Promise<McpAnswer> {
    const params = objectMember(message.body, 'params') ?? {}
    await this.#lists.askAll(() => withParams(message, params), exchange, session)
    return createOwnAnswer(message, {})
  }
}

const passedNotifications: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/roots/list_changed',
])

function namesOf(kind: 'tools' | 'prompts', { names, members }: McpAggregateOptions): MemberNames {
  const entries = Object.entries(members)
  if (names === 'prefix') return new PrefixedNames(entries.map(([name]) => name))
  return new MappedNames(new Map(entries.map(([name, member]) => [name, member[kind] ?? {}])))
}

function unknownCapability(message: McpMessage): GatewayError {
  const params = objectMember(message.body, 'params') ?? {}
  const name = stringMember(params, 'name') ?? stringMember(params, 'uri') ?? stringMember(params, 'taskId') ?? ''
  return new GatewayError('capability_unknown', { message: `No member has ${JSON.stringify(name.slice(0, 200))}.` })
}

function splitResponseId(id: McpMessage['id']): readonly [member?: string, id?: string | number] {
  if (typeof id !== 'string') return []
  const end = id.indexOf('_')
  try {
    const own: unknown = JSON.parse(id.slice(end + 1))
    return typeof own === 'string' || typeof own === 'number' ? [id.slice(0, end), own] : []
  } catch {
    return []
  }
}
