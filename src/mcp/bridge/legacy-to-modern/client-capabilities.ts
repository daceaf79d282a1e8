import { isJsonObject, type JsonObject, omitMembers } from '../../../lib/json.ts'

/** Members that mean requests to the client in the course of a call. */
const questions = ['elicitation', 'sampling', 'roots']

/** Extension whose methods the older revisions do not have: the upstream must finish by itself. */
const tasksExtension = 'io.modelcontextprotocol/tasks'

/**
 * Capabilities of a client of an older revision as 2026-07-28 spells them. `canAsk` false: there is no session in which an answer could come
 * back, so the upstream must not ask.
 */
export function modernClientCapabilities(declared: JsonObject, canAsk: boolean): JsonObject {
  const { tasks: _, roots, extensions, ...rest } = declared
  const kept: JsonObject = isJsonObject(roots) ? { ...rest, roots: withoutListChanged(roots) } : rest
  if (isJsonObject(extensions)) kept.extensions = withoutTasks(extensions)
  return canAsk ? kept : Object.fromEntries(Object.entries(kept).filter(([name]) => !questions.includes(name)))
}

/** Nobody is told any more that roots changed: they are asked for when they are needed. */
function withoutListChanged(roots: JsonObject): JsonObject {
  return omitMembers(roots, 'listChanged')
}

/** `extensions` without what cannot be carried over. */
export function withoutTasks(extensions: JsonObject): JsonObject {
  return omitMembers(extensions, tasksExtension)
}
