import { type JsonObject, objectMember } from '../../../lib/json.ts'

const relatedTaskKey = 'io.modelcontextprotocol/related-task'

/** A request of the upstream as an entry of `inputRequests` (2026-07-28 §input_required), without what only older revisions know. */
export function inputRequestOf(method: string, given: JsonObject): JsonObject {
  const { elicitationId: _, task: __, _meta: ___, ...params } = given
  const { progressToken: ____, [relatedTaskKey]: _____, ...meta } = objectMember(given, '_meta') ?? {}
  if (Object.keys(meta).length > 0) params._meta = meta
  if (method === 'elicitation/create') params.mode ??= 'form'
  return Object.keys(params).length > 0 ? { method, params } : { method }
}

/** The result that asks the client. */
export function inputRequired(inputRequests: JsonObject, requestState: string): JsonObject {
  return { resultType: 'input_required', inputRequests, requestState }
}

/** What the upstream hears when nobody answers its request: an elicitation can be cancelled, anything else only refused. */
export function noAnswer(method: string, id: unknown, message: string): JsonObject {
  return method === 'elicitation/create'
    ? { jsonrpc: '2.0', id, result: { action: 'cancel' } }
    : { jsonrpc: '2.0', id, error: { code: -1, message } }
}
