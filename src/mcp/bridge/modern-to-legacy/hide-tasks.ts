import { isJsonObject, type JsonObject, objectMember } from '../../../lib/json.ts'

/**
 * Older revisions let a tool demand to be called as a task, in a way that 2026-07-28 has not: such a tool could not be called, so it is not
 * listed. Where a task is optional the tool stays, without the offer.
 */
export function hideTasks(result: JsonObject): JsonObject {
  const { tools } = result
  return Array.isArray(tools) ? { ...result, tools: tools.filter(isCallable).map(withoutTaskSupport) } : result
}

function isCallable(tool: unknown): boolean {
  return !isJsonObject(tool) || objectMember(tool, 'execution')?.taskSupport !== 'required'
}

function withoutTaskSupport(tool: unknown): unknown {
  const execution = isJsonObject(tool) ? objectMember(tool, 'execution') : undefined
  if (!isJsonObject(tool) || execution === undefined || !Object.hasOwn(execution, 'taskSupport')) return tool
  const { taskSupport: _, ...otherwise } = execution
  const { execution: __, ...rest } = tool
  return Object.keys(otherwise).length > 0 ? { ...rest, execution: otherwise } : rest
}
