import type { GatewayError } from '../errors/gateway-error.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'

/** How an exchange ended, for its event. */
export interface AnswerOutcome {
  readonly status: number
  /** Set when the gateway refused or failed, also when it said so in an ordinary answer. */
  readonly error?: GatewayError | undefined
  /** JSON-RPC error code of the answer, the upstream's or ours. */
  readonly code?: number | undefined
  /** The tool reported an error in its result. */
  readonly isError?: boolean
  /** The server asks for input before it completes (2026-07-28 §input_required). */
  readonly inputRequired?: boolean
}

/** The outcome of a refusal or failure. */
export function failed(error: GatewayError): AnswerOutcome {
  return { status: error.status, error, code: error.code }
}

/** What a JSON-RPC response says about how the call went. */
export function outcomeOf(response: JsonObject): Omit<AnswerOutcome, 'status'> {
  if (isJsonObject(response.error)) {
    const { code } = response.error
    // JSON-RPC 2.0 §5.1: an integer. What else an upstream says no store of events would take.
    return { code: typeof code === 'number' && Number.isSafeInteger(code) ? code : -32603 }
  }
  const { result } = response
  if (!isJsonObject(result)) return {}
  return { isError: result.isError === true, inputRequired: result.resultType === 'input_required' }
}
