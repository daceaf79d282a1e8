import type { JsonObject } from '../../../lib/json.ts'

const internalError = -32603
const methodNotFound = -32601
const invalidParams = -32602
const resourceNotFound = -32002
const urlElicitationRequired = -32042

/** Codes about an envelope that was not sent, and codes that 2026-07-28 servers must not give. */
const replaced: { readonly [code: number]: number } = {
  [resourceNotFound]: invalidParams,
  [urlElicitationRequired]: internalError,
  [-32020]: internalError,
  [-32021]: internalError,
  [-32022]: internalError,
}

/** An error of an older revision as 2026-07-28 spells it. Message and data stay, and so do codes of the upstream's own. */
export function mapError(error: JsonObject): JsonObject {
  const code = typeof error.code === 'number' ? (replaced[error.code] ?? error.code) : internalError
  return { ...error, code }
}

/** The HTTP status that 2026-07-28 gives an error. */
export function statusOf(error: JsonObject): number {
  return error.code === methodNotFound ? 404 : 200
}
