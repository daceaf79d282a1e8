import type { EventRecorder } from '../analytics/event.ts'
import type { Limits } from '../config/project-schema.ts'
import type { McpHandler } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Policy } from '../contracts/policy.ts'
import type { CredentialMode } from '../contracts/upstream.ts'
import type { AllowedHosts } from '../http/check-host.ts'
import type { OriginRules } from '../http/cors.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { CatalogCache } from '../mcp/catalog-cache.ts'
import type { PeerRelay } from './peer-relay.ts'
import type { RoutePlace } from './place-routes.ts'
import type { StreamSlots } from './stream-slots.ts'
import type { RouteTracing } from './trace-message.ts'

/** A policy under the name that events and the log use for it. */
export interface NamedPolicy {
  readonly name: string
  readonly policy: Policy
}

/** A policy that has the method of one phase. */
export type PhasePolicy<Phase extends 'onMessage' | 'onResult'> = NamedPolicy & {
  readonly policy: Policy & Required<Pick<Policy, Phase>>
}

/** One step of the request phase: a policy, or all authentication policies of the route together. */
export interface RequestStep {
  readonly name: string
  readonly policy: { onRequest(exchange: HttpExchange): ReturnType<NonNullable<Policy['onRequest']>> }
}

/** One operation, ready to serve: its policies sorted by the phase they take part in, so that absent phases cost nothing. */
export interface Route {
  readonly name: string
  readonly path: string
  /** The only tenant whose subjects may use it; undefined: every one. */
  readonly tenant: string | undefined
  readonly upstream: string
  readonly handler: McpHandler
  /** Lower-case names of client headers that are sent upstream. */
  readonly forwardHeaders: readonly string[]
  readonly tracing: RouteTracing
  /** GET and DELETE are answered: streams of legacy sessions, and their end. */
  readonly hasStream: boolean
  readonly streamSlots: StreamSlots
  /** Undefined where there is one process. */
  readonly place: RoutePlace | undefined
  /** Whose credential the upstream sees; undefined when none is brokered. */
  readonly credentialMode: CredentialMode | undefined
  readonly requestPolicies: readonly RequestStep[]
  /** The same for a request of another route, which authenticated its subject. */
  readonly partPolicies: readonly RequestStep[]
  /** Keeps credentials for this gateway back from the upstream. */
  readonly withhold: readonly ((exchange: HttpExchange) => void)[]
  readonly messagePolicies: readonly PhasePolicy<'onMessage'>[]
  /** By JSON-RPC method. */
  readonly resultPolicies: ReadonlyMap<string, readonly PhasePolicy<'onResult'>[]>
  /** True when a result policy looks at more than the result: its answers are never shared between people. */
  readonly resultVaries: boolean
  readonly origins: OriginRules
  readonly cache: CatalogCache
}

/** What every request of one snapshot shares. */
export interface PipelineHost {
  readonly limits: Limits
  readonly allowedHosts: AllowedHosts
  readonly recorder: EventRecorder
  readonly log: Logger
  /** Undefined: no traces are exported. */
  readonly tracer?: RouteTracing['tracer']
  /** Undefined where there is one process. */
  readonly relay?: PeerRelay | undefined
}
