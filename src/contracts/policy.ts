import type { ZodType } from 'zod'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { ReasonCode } from '../errors/reasons.ts'
import type { JsonObject } from '../lib/json.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { ApiKeyVerifier } from './api-key.ts'
import type { Authentication } from './authentication.ts'
import type { Exchange } from './exchange.ts'
import type { RateLimiter } from './limiter.ts'
import type { Logger } from './logger.ts'
import type { McpMessage, McpReply } from './mcp.ts'
import type { PinnedDefinitions } from './pinned-definitions.ts'
import type { AccessTokenVerifier } from './subject.ts'
import type { UpstreamSettings } from './upstream.ts'
import type { SignInSettings, VirtualServerDirectory } from './virtual-server.ts'

/** An answer that a policy gives itself, outside MCP. */
export interface HttpReply {
  readonly status: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | Buffer
}

/** What policies may use of the gateway. One host per policy instance. */
export interface PolicyHost {
  /** Name of the entry in policies.json. */
  readonly policyName: string
  readonly log: Logger
  readonly limiter: RateLimiter
  readonly accessTokens: AccessTokenVerifier
  readonly apiKeys: ApiKeyVerifier
  readonly virtualServers: VirtualServerDirectory
  readonly definitions: PinnedDefinitions
}

/** A kind of policy: its options, declared once, and how to make one. */
export interface PolicyType<Options = unknown> {
  /** e.g. `rate-limit-inbound`. */
  readonly type: string
  /** As named in policies.json, e.g. `RateLimitInboundPolicy`. */
  readonly exportName: string
  /** First sentence of its reference page. */
  readonly summary: string
  readonly options: ZodType<Options>
  /** Reasons it may refuse with. */
  readonly reasons: readonly ReasonCode[]
  /**
   * Present on policies that authenticate MCP clients through our authorization server (a project has at most one):
   * what its options say about that server.
   */
  signInSettings?(options: Options): SignInSettings
  /**
   * Present on policies that say with whose credential an upstream is reached (a route has at most one); `upstreamUrl` is the URL of
   * the route's MCP endpoint without its query.
   */
  upstreamSettings?(options: Options, policyName: string, upstreamUrl: string): UpstreamSettings
  /** True on policies that compare with `sallyport.pins.json`: a route of one whose server is not pinned is a warning. */
  readonly comparesPins?: true
  /**
   * True on policies whose options never reach the upstream of a route. What the options of all others name counts as sent there, so that an
   * editor of the console cannot bring it to another one.
   */
  readonly sendsNothingUpstream?: true
  /** True on policies whose instances have `authentication`: a route with one of them is not open to everybody. */
  readonly authenticates?: true
  /**
   * Issuers whose subjects are known by `sub` alone. Two of them in a project could speak for the people of each other, which is a
   * warning. Those of `signInSettings` need not be repeated.
   */
  bareSubjectIssuers?(options: Options): readonly string[]
  /** True when these options let requests without any credential pass. */
  admitsAnonymous?(options: Options): boolean
  create(options: Options, host: PolicyHost): Policy
}

/**
 * One configured policy, created once per snapshot and shared by its routes. It must not keep state of one exchange.
 * A method it does not have costs nothing. Refuse by returning a `GatewayError`; throwing is for bugs.
 */
export interface Policy {
  /** Methods whose results it must see. Absent: none, so answers stream through unread. */
  readonly reads?: ReadonlySet<string>
  /** What `onResult` depends on besides the result. `nothing` lets a public list be cached for everybody. Default `subject`. */
  readonly resultDependsOn?: 'nothing' | 'subject'
  /** Its `onResult` sees what the upstream sent, wherever it stands on the route: it runs before those that change results. */
  readonly readsFirst?: true
  /** Present on authentication policies, which have no `onRequest` of their own. */
  readonly authentication?: Authentication
  /** Request phase: headers only, before the body is read. */
  onRequest?(exchange: Exchange): MaybePromise<GatewayError | HttpReply | undefined>
  /** Message phase: the classified message; may answer it, refuse it or edit it. */
  onMessage?(message: McpMessage, exchange: Exchange): MaybePromise<GatewayError | McpReply | undefined>
  /** Result phase: the `result` of one of the methods in `reads`; returns a replacement, or undefined to leave it as it is. */
  onResult?(
    result: JsonObject,
    message: McpMessage,
    exchange: Exchange,
  ): MaybePromise<GatewayError | JsonObject | undefined>
  close?(): Promise<void>
}
