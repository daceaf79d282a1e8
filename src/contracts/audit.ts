import type { JsonValue } from '../lib/json.ts'

/** What an administrator changed, with what it was and what it became. Secrets are redacted by whoever records it. */
export interface AdminChange {
  /** Subject id of the administrator; `local` for whoever holds the data directory. */
  readonly actor: string
  readonly tenant: string
  /** Id of the operation, e.g. `keys.create`. */
  readonly operation: string
  /** What was changed, e.g. `key_1a2b` or `config/policies.json`. */
  readonly target: string
  /** `null`: there was nothing. */
  readonly before: JsonValue
  /** `null`: there is nothing any more. */
  readonly after: JsonValue
  readonly requestId: string | undefined
}

/** One entry of the audit trail. Fields that were redacted are listed, not shown. */
export interface AuditEntry {
  /** Counts from 1, without gaps. */
  readonly sequence: number
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Type of the event, or `admin_changed`, `audit_redacted`, `audit_pruned`. */
  readonly type: string
  readonly fields: { readonly [name: string]: JsonValue }
  readonly redacted: readonly string[]
  /** Commits to everything above and to the entry before (SHA-256, base64url). */
  readonly hash: string
}

/** Which entries to read. */
export interface AuditFilter {
  readonly limit: number
  /** Only entries before this one: pages go from the newest to the oldest. */
  readonly beforeSequence?: number | undefined
  /** Only entries of this subject: acting, or acted for. */
  readonly subject?: string | undefined
  readonly type?: string | undefined
  readonly tenant?: string | undefined
  readonly sinceMs?: number | undefined
}

/** One thing wrong with the trail. */
export interface AuditProblem {
  readonly kind: 'altered' | 'missing' | 'out-of-order' | 'bad-signature' | 'truncated' | 'unknown-key'
  /** Where it shows. */
  readonly sequence: number
  readonly message: string
}

/** Result of a verification. Without problems, every entry is the one that was written. */
export interface AuditVerification {
  readonly entries: number
  readonly firstSequence: number | undefined
  readonly lastSequence: number | undefined
  /** Hash of the newest entry; kept elsewhere, it proves later that nothing was cut off. */
  readonly lastHash: string | undefined
  /** Entries that a signature covers. The others were written moments ago. */
  readonly signedUpTo: number
  /** Fingerprints of the keys that signed. */
  readonly keys: readonly string[]
  readonly problems: readonly AuditProblem[]
}

/** The tamper-evident record of what matters. */
export interface AuditTrail {
  /** Resolves when the change is written. */
  recordChange(change: AdminChange): Promise<void>
  /** Newest first. */
  read(filter: AuditFilter): Promise<readonly AuditEntry[]>
  verify(): Promise<AuditVerification>
}
