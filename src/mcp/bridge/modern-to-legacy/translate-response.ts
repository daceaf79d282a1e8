import { isJsonObject, type JsonObject, objectMember } from '../../../lib/json.ts'
import { completeResult } from './complete-result.ts'
import { mapError, statusOf } from './map-error.ts'

/** A JSON-RPC response in the client's era, with the HTTP status that belongs to it. */
export interface TranslatedResponse {
  readonly status: number
  readonly body: JsonObject
}

/** What a response of an older revision is for a client of 2026-07-28 that asked for `method` under `id`. */
export function translateResponse(
  response: JsonObject,
  method: string,
  id: string | number | undefined,
  serverInfo: unknown,
): TranslatedResponse {
  const error = objectMember(response, 'error')
  if (error !== undefined) {
    const mapped = mapError(error)
    return { status: statusOf(mapped), body: { ...response, id, error: mapped } }
  }
  const { result } = response
  if (!isJsonObject(result)) return { status: 200, body: { ...response, id } }
  return { status: 200, body: { ...response, id, result: completeResult(method, result, serverInfo) } }
}

/** The response to the request `id` among what an upstream sent: one message, or several at once (2025-03-26 §batching). */
export function findResponse(sent: unknown, id: string | number): JsonObject | undefined {
  return (Array.isArray(sent) ? sent : [sent]).filter(isJsonObject).find((message) => answers(message, id))
}

/** Errors about a message that could not be read carry no id. */
export function answers(message: JsonObject, id: string | number): boolean {
  if (Object.hasOwn(message, 'method')) return false
  if (message.id === id) return Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error')
  return isJsonObject(message.error) && (message.id === undefined || message.id === null)
}
