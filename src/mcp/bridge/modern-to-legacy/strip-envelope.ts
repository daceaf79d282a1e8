import { type JsonObject, objectMember } from '../../../lib/json.ts'
import { envelopeKeys } from '../../eras/2026-07-28/check-envelope.ts'

/** What replaces the client's own names on the hop to the upstream. */
export interface HopNames {
  readonly id: string | number
  /** Undefined: the client asked for no progress. One that it did not ask for would be answered to a token it does not know. */
  readonly progressToken: string | number | undefined
}

/**
 * A request of 2026-07-28 as an older revision has it: without the envelope and without what belongs to the rounds of `input_required`.
 * Everything else in `_meta` passes, the trace too.
 */
export function stripEnvelope(body: JsonObject, { id, progressToken }: HopNames): JsonObject {
  const { inputResponses: _, requestState: __, _meta: ___, ...params } = objectMember(body, 'params') ?? {}
  const meta = Object.fromEntries(Object.entries(metaOf(body)).filter(([key]) => !dropped.has(key)))
  if (progressToken !== undefined) meta.progressToken = progressToken
  return { ...body, id, params: Object.keys(meta).length > 0 ? { ...params, _meta: meta } : params }
}

const dropped: ReadonlySet<string> = new Set([...envelopeKeys, 'progressToken'])

/** `params._meta` of a message; empty when there is none. */
export function metaOf(body: JsonObject): JsonObject {
  const params = objectMember(body, 'params')
  return (params && objectMember(params, '_meta')) ?? {}
}
