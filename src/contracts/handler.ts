import type { ZodType } from 'zod'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { TokenSealer } from '../lib/seal-token.ts'
import type { CredentialSource } from './credential.ts'
import type { Exchange } from './exchange.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { Logger } from './logger.ts'
import type { McpMessage } from './mcp.ts'
import type { KnownCatalogs } from './storage.ts'

/** An answer that is complete in memory. */
export interface BufferedAnswer {
  readonly kind: 'json'
  readonly status: number
  /** The JSON-RPC message, or empty for 202. */
  readonly body: Buffer
  readonly headers: { readonly [name: string]: string }
  /** Time spent waiting for the upstream, in milliseconds. */
  readonly upstreamMs: number
  /** Why the gateway answers instead of the upstream; the event says so. */
  readonly refusal?: GatewayError | undefined
  /** Nothing in it is the upstream's, so no policy reads it. */
  readonly isOwn?: boolean | undefined
}

/** Receives the events of a stream. */
export interface EventStreamReader {
  /** One whole SSE event as received, with its closing blank line. Return false to pause the source. */
  onEvent(event: Buffer): boolean
  /** The stream ended, or broke with an error. Called once, last. */
  onEnd(error: Error | undefined): void
}

/** An answer that arrives as Server-Sent Events. Nothing is read before `read` is called. */
export interface StreamedAnswer {
  readonly kind: 'stream'
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  /** Time to the first byte of the upstream's answer, in milliseconds. */
  readonly upstreamMs: number
  read(reader: EventStreamReader): void
  /** Goes on after `onEvent` returned false. */
  resume(): void
  /** Stops reading and closes the upstream request. */
  cancel(): void
}

/** What a handler answers to one MCP message. */
export type McpAnswer = BufferedAnswer | StreamedAnswer

/** One message for another route of the project. */
export interface RouteCall {
  /**
   * operationId. The caller's own: its message and result policies run and its handler answers, as for a message that a client sent; nothing
   * is recorded.
   */
  readonly route: string
  /** Under an id that no other message of this exchange has toward that route. */
  readonly message: McpMessage
  /** The exchange that it is a part of. Its subject asks. */
  readonly exchange: Exchange
  /** `Mcp-Session-Id` toward that route; none is passed on from the client. */
  readonly sessionId?: string | undefined
  /** `Mcp-Param-*` in place of those of the client, by lower-case name. */
  readonly parameterHeaders?: { readonly [name: string]: string } | undefined
  /** Ends the call, also upstream. */
  readonly signal?: AbortSignal | undefined
}

/** What the other route answered, after its policies. */
export interface RouteAnswer {
  readonly answer: McpAnswer
  /** `Mcp-Session-Id` that the route gave. */
  readonly sessionId: string | undefined
  /** Another person might have received another one, whatever its `cacheScope` says. */
  readonly isPersonal: boolean
}

/**
 * Lets a handler ask other routes in the place of a client. Everything of them runs as on their own path, recorded as an event of theirs,
 * except that nobody is authenticated again: the subject is that of the exchange. Never rejects.
 */
export interface RouteCaller {
  ask(call: RouteCall): Promise<RouteAnswer | GatewayError>
  /** Clients of the route can open a stream, so what it announces reaches them. */
  hasStream(route: string): boolean
  /** The GET stream of a session. An attempt that is refused is not recorded. */
  openStream(session: RouteSession): Promise<StreamedAnswer | GatewayError>
  /** DELETE: ends a session. Undefined when that is done. */
  endSession(session: RouteSession): Promise<GatewayError | undefined>
}

/** A session with another route, which it gave for an `initialize`. */
export type RouteSession = Pick<RouteCall, 'route' | 'exchange' | 'sessionId'>

/** What handlers may use of the gateway. */
export interface HandlerHost {
  readonly routeName: string
  readonly log: Logger
  readonly limits: HandlerLimits
  /** Credentials for the upstream; undefined when the route brokers none. */
  readonly credentials: CredentialSource | undefined
  /** What upstreams listed last; used where credentials are brokered. */
  readonly knownCatalogs: KnownCatalogs
  /**
   * Seals ids of what this process has in memory, so that they work only for the person and client they were made for; requests with them come
   * to this process.
   */
  readonly sessionSealer: TokenSealer
  /** Seals the session ids of upstreams in the same way. Requests with them may come to any process: nothing is kept of them. */
  readonly relaySealer: TokenSealer
  /**
   * To be called before something is made of this caller that is kept in memory and must be there once. With several processes it may throw:
   * another one keeps it, and is then asked. Undefined where there is one process.
   */
  readonly claimPlace?: ((exchange: Exchange) => void) | undefined
  /** What goes on in sessions of legacy clients. */
  readonly liveSessions: LiveSessions
  /** The route answers GET: clients of older revisions can open a stream. */
  readonly hasStream: boolean
  /** The routes of the project, for handlers that ask them. */
  readonly routes: RouteCaller
  /** Absolute path of the project, which relative paths in options start from. */
  readonly projectDirectory: string
  /** What the gateway's environment has of the names in `inheritedVariables`. */
  readonly environment: { readonly [name: string]: string }
}

/** Limits a handler keeps, from `limits` of sallyport.jsonc. */
export interface HandlerLimits {
  readonly responseBytes: number
  readonly sseEventBytes: number
  readonly upstreamConnections: number
  readonly upstreamConnectSeconds: number
  readonly upstreamFirstByteSeconds: number
  readonly upstreamIdleSeconds: number
  readonly upstreamTotalSeconds: number
  /** Entries of one list. */
  readonly capabilities: number
}

/** A kind of handler: its options, declared once, and how to make one. */
export interface HandlerType<Options = unknown> {
  /** As named in `x-gateway-route.handler.export`. */
  readonly exportName: string
  /** First sentence of its reference page. */
  readonly summary: string
  /** `mcp` handlers make their route a virtual server. */
  readonly kind: 'mcp'
  readonly options: ZodType<Options>
  /**
   * URL of the upstream for display, so without anything secret. One without a host (`stdio:tracker`) is no endpoint that a credential
   * could be sent to.
   */
  upstreamUrl(options: Options): string
  /** Present on handlers that ask other routes: their operationIds by the names that these options give them. */
  memberRoutes?(options: Options): ReadonlyMap<string, string>
  /**
   * Present on handlers that keep in memory what must be there once: for each person, or for everybody together. With several processes one of
   * them answers all requests about it.
   */
  placement?(options: Options): 'person' | 'everybody'
  /** Names of environment variables of the gateway that the upstream is given, if any. */
  inheritedVariables?(options: Options): readonly string[]
  create(options: Options, host: HandlerHost): McpHandler
}

/** One configured handler of one route. */
export interface McpHandler {
  /** Lower-case names of client headers that are sent upstream. Never credentials, cookies or hop-by-hop headers. */
  readonly forwardHeaders: readonly string[]
  /**
   * Answers one message. Refuses by returning or throwing a `GatewayError`.
   * `exchange.onCancel` tells when the caller no longer wants the answer.
   */
  handleMessage(message: McpMessage, exchange: Exchange): MaybePromise<McpAnswer | GatewayError>
  /**
   * Present when answers belong to a credential besides the subject: its name, which keys what is cached. Undefined: nothing is answered
   * from the cache, nor kept.
   */
  cacheOwner?(exchange: Exchange): MaybePromise<string | undefined>
  /** The message that another one stands for; policies, event and handler see it instead. Undefined: it stands for itself. */
  unwrapMessage?(message: McpMessage): McpMessage | undefined
  /** Calls of a tool that is the gateway's own: policies about the upstream's tools do not apply, and the upstream never sees them. */
  ownsTool?(message: McpMessage): boolean
  /**
   * GET: opens the stream of a legacy session, for messages that belong to no call. Absent: there is none. It may carry responses, when the
   * client goes on with a stream that broke.
   */
  openStream?(exchange: Exchange): MaybePromise<StreamedAnswer | GatewayError>
  /** DELETE: ends a legacy session. Absent: sessions cannot be ended. */
  endSession?(exchange: Exchange): MaybePromise<GatewayError | undefined>
  /** Present where there are connections to an upstream: how many now. */
  countConnections?(): UpstreamConnections
  close?(): Promise<void>
}

/** Connections to an upstream, at this moment. */
export interface UpstreamConnections {
  readonly open: number
  /** Of these, with a request. */
  readonly busy: number
  /** Requests that wait for one. */
  readonly waiting: number
}
