import type { EventRecorder } from '../analytics/event.ts'
import type { GatewayEventStore } from '../analytics/event-store.ts'
import type { ConfigHistory } from '../config/edit/config-history.ts'
import type { Problem, Project } from '../config/project.ts'
import type { AuditTrail } from '../contracts/audit.ts'
import type { Clock } from '../contracts/clock.ts'
import type { SinkState } from '../contracts/event-sink.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ConnectionKey, Revocation, Storage } from '../contracts/storage.ts'
import type { UpstreamDirectory } from '../contracts/upstream.ts'
import type { Vault } from '../contracts/vault.ts'
import type { JsonValue } from '../lib/json.ts'
import type { OperatorAnswer, OperatorCall } from '../pipeline/ask-for-operator.ts'
import type { AdminRole } from './operation.ts'
import type { AdminSession } from './sessions.ts'

/** What the console and the admin API see of a gateway. Everything is read at every request, so a reload counts at once. */
export interface AdminHost {
  /** Of the package. */
  readonly version: string
  readonly project: () => Project
  /** When the running snapshot was loaded. Milliseconds. */
  readonly loadedAtMs: () => number
  /** The last reload, when it failed. */
  readonly failedReload: () => FailedReload | undefined
  /** Loads the project again; with problems, the running one goes on. */
  readonly reload: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] }>
  /** Everything that is counted, for Prometheus. */
  readonly renderMetrics?: (() => { readonly contentType: string; readonly body: string }) | undefined
  /** How the receivers of events, metrics and traces are doing. */
  readonly sinkStates: () => readonly SinkState[]
  /** Versions of the files of the project. */
  readonly configHistory: ConfigHistory
  /** Asks a virtual server in the name of an administrator; undefined when there is none of that name. */
  readonly ask: (virtualServer: string, call: OperatorCall) => Promise<OperatorAnswer | undefined>
  /** The gateway is about to stop. */
  readonly isStopping: () => boolean
  readonly storage: Storage
  readonly vault: Vault
  readonly upstreams: UpstreamDirectory
  /** Removes a connection and revokes it at the upstream; says what came of it, undefined when there was none. */
  readonly disconnect: (key: ConnectionKey) => Promise<string | undefined>
  /** Makes this process forget at once what was just revoked in the store; others learn of it from there. */
  readonly forget: (revocation: Revocation) => void
  readonly recorder: EventRecorder & { readonly dropped: number }
  /** What is stored of them. */
  readonly events: () => GatewayEventStore
  /** Undefined: `audit.enabled` is false. */
  readonly audit: AuditTrail | undefined
  readonly log: Logger
  readonly clock: Clock
}

/** Why the files of the project are not what runs. */
export interface FailedReload {
  readonly atMs: number
  readonly problems: readonly Problem[]
}

/** Who is signed in to the console. */
export interface Administrator {
  /** As events and the audit trail name them: the subject, or `operator:<name>` for a one-time link. */
  readonly subject: string
  readonly tenant: string
  /** For display. */
  readonly name: string
  readonly role: AdminRole
}

/** What was changed, for the audit trail. Never a secret. */
export interface Change {
  /** e.g. `key_1a2b`. */
  readonly target: string
  readonly before: JsonValue
  readonly after: JsonValue
  /** Of what was changed; default: that of the administrator. */
  readonly tenant?: string | undefined
}

/** One call of an operation. */
export interface AdminCall {
  readonly host: AdminHost
  readonly administrator: Administrator
  readonly session: AdminSession
  readonly requestId: string
  /** Value of `If-Match`, where the operation needs one. */
  readonly ifMatch: string | undefined
  /** Value of `Last-Event-ID`. */
  readonly lastEventId: string | undefined
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** Sends `ETag` with the answer: the version of what is in it. */
  readonly setVersion: (version: string) => void
  /** Ends the session of the call. */
  readonly endSession: () => Promise<void>
  /** Writes a change to the audit trail and the events. Call it when the change is made. */
  readonly recordChange: (change: Change) => Promise<void>
}
