import { type JsonObject, objectMember } from '../../../lib/json.ts'
import { listMethods } from '../../methods.ts'
import { hideTasks } from './hide-tasks.ts'

const serverInfoKey = 'io.modelcontextprotocol/serverInfo'

/** Methods whose results say how long they hold (2026-07-28 §caching, and the Skills extension). */
const cacheable: ReadonlySet<string> = new Set([
  ...listMethods.keys(),
  'resources/read',
  'skills/list',
  'skills/get',
  'resources/directory/read',
])

/**
 * A result of an older revision with what 2026-07-28 requires of it. Older upstreams do not say how long a list holds, or for whom: not at
 * all, and for this caller.
 */
export function completeResult(method: string, result: JsonObject, serverInfo: unknown): JsonObject {
  const complete: JsonObject = { ...(method === 'tools/list' ? hideTasks(result) : result), resultType: 'complete' }
  if (cacheable.has(method)) {
    const { ttlMs } = result
    complete.ttlMs = typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : 0
    complete.cacheScope = 'private'
  }
  return stampServer(complete, serverInfo)
}

/** With the upstream's own name, where older revisions say it once per session. */
export function stampServer(result: JsonObject, serverInfo: unknown): JsonObject {
  if (serverInfo === undefined) return result
  return { ...result, _meta: { ...objectMember(result, '_meta'), [serverInfoKey]: serverInfo } }
}
