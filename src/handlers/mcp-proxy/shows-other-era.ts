import type { McpMessage } from '../../contracts/mcp.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { legacyVersions } from '../../mcp/protocol-versions.ts'
import { isJsonRpcCandidate, parseJson } from './read-answer.ts'

const methodNotFound = -32601
const invalidParams = -32602
const unsupportedVersion = -32022
/** Codes that only 2026-07-28 has. */
const modernCodes: readonly unknown[] = [-32020, -32021, unsupportedVersion]

/** Statuses that say nothing of an era: about the credential, the load, or a failure. */
const silentStatuses: ReadonlySet<number> = new Set([401, 403, 408, 413, 429])

/** True for an answer that is no evidence of anything the upstream speaks. */
export function saysNothingOfEra({ status }: UpstreamAnswer): boolean {
  return status >= 500 || silentStatuses.has(status)
}

/**
 * True when this answer has to be looked at: a refusal, or the answer to a handshake. All others show that the upstream took the message.
 */
export function mayShowOtherEra({ status }: UpstreamAnswer, { kind, method }: McpMessage): boolean {
  return kind === 'request' && (status !== 200 || method === 'server/discover' || method === 'initialize')
}

/**
 * True when the upstream refused a message in the way of one that does not speak its era (2026-07-28 §versioning), so that it is worth asking
 * in the other one. Nothing was done upstream.
 */
export function showsOtherEra(answer: UpstreamAnswer, message: McpMessage): boolean {
  const { status } = answer
  if (saysNothingOfEra(answer) || (status !== 200 && status < 400)) return false
  const response = isJsonRpcCandidate(answer) && answer.kind === 'json' ? parseJson(answer.body) : undefined
  const error = isJsonObject(response) && isJsonObject(response.error) ? response.error : undefined
  if (status === 200 && error === undefined) return false
  // For older revisions almost any refusal may mean it: upstreams of 2026-07-28 miss the envelope, the method or the headers.
  return message.era === 'modern' ? refusesModern(error, message) : status !== 200 || message.method === 'initialize'
}

function refusesModern(error: JsonObject | undefined, { method }: McpMessage): boolean {
  if (error === undefined) return true
  if (error.code === unsupportedVersion) return offersLegacyOnly(error)
  if (modernCodes.includes(error.code)) return false
  // Every upstream of 2026-07-28 has this method, so any refusal of it will do.
  if (method === 'server/discover') return true
  return error.code !== methodNotFound && error.code !== invalidParams
}

function offersLegacyOnly({ data }: JsonObject): boolean {
  const supported = isJsonObject(data) && Array.isArray(data.supported) ? data.supported : []
  return supported.length > 0 && supported.every((version) => (legacyVersions as readonly unknown[]).includes(version))
}
