import { type Reason, type ReasonCode, reasons } from './reasons.ts'

/** What a refusal may add to its reason. Everything but `detail` and `cause` reaches the caller. */
export interface RefusalDetails {
  /** Replaces the public sentence of the reason. */
  readonly message?: string | undefined
  /** For the log and the event only, never for the caller. */
  readonly detail?: string | undefined
  /** Members added to `error.data` (JSON-RPC) or to the problem document. */
  readonly data?: { readonly [key: string]: unknown } | undefined
  /** Response headers, e.g. `www-authenticate` or `retry-after`. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Replaces the HTTP status of the reason. */
  readonly status?: number | undefined
  /** Replaces the JSON-RPC code of the reason. */
  readonly code?: number | undefined
  readonly cause?: unknown
}

/**
 * A refusal or failure with a documented reason code. Policies and handlers return or throw it;
 * only `render-error.ts` turns it into bytes.
 */
export class GatewayError extends Error {
  readonly reason: ReasonCode
  readonly details: RefusalDetails

  constructor(reason: ReasonCode, details: RefusalDetails = {}) {
    super(details.message ?? reasons[reason].message, { cause: details.cause })
    this.name = 'GatewayError'
    this.reason = reason
    this.details = details
  }

  /** The declaration of the reason: origin, cause, remedy. */
  get declaration(): Reason {
    return reasons[this.reason]
  }

  get status(): number {
    return this.details.status ?? this.declaration.status
  }

  get code(): number {
    return this.details.code ?? this.declaration.code
  }
}

/** The given error when it already carries a reason, else a `gateway_error` that keeps it as cause. */
export function asGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError('gateway_error', { cause: error, detail: String(error) })
}
