import { type JsonObject, objectMember } from '../../../lib/json.ts'

/** The tasks extension of 2026-07-28; older revisions have tasks of their own, which are not the same. */
const tasksExtension = 'io.modelcontextprotocol/tasks'

/** What a client of 2026-07-28 declares, as an `initialize` of an older revision says it. */
export function clientCapabilities(declared: JsonObject): JsonObject {
  const { tasks: _, ...capabilities } = withoutTasksExtension(declared)
  return capabilities
}

/** What an upstream of an older revision offers, as a client of 2026-07-28 can use it: its own kind of tasks is not. */
export function serverCapabilities(offered: JsonObject): JsonObject {
  const { tasks: _, ...capabilities } = withoutTasksExtension(offered)
  return capabilities
}

function withoutTasksExtension(capabilities: JsonObject): JsonObject {
  const extensions = objectMember(capabilities, 'extensions')
  if (extensions === undefined || !Object.hasOwn(extensions, tasksExtension)) return capabilities
  const { [tasksExtension]: _, ...others } = extensions
  return { ...capabilities, extensions: others }
}

/** True when the client can answer this request of a server. */
export function canAnswer(capabilities: JsonObject, method: string, params: JsonObject): boolean {
  if (method === 'sampling/createMessage') return objectMember(capabilities, 'sampling') !== undefined
  if (method === 'roots/list') return objectMember(capabilities, 'roots') !== undefined
  if (method !== 'elicitation/create') return false
  return params.mode === 'url' ? elicits(capabilities, 'url') : elicits(capabilities, 'form')
}

/** `elicitation: {}` means forms (2026-07-28 §capabilities). */
export function elicits(capabilities: JsonObject, mode: 'form' | 'url'): boolean {
  const elicitation = objectMember(capabilities, 'elicitation')
  if (elicitation === undefined) return false
  if (Object.hasOwn(elicitation, mode)) return true
  return mode === 'form' && !Object.hasOwn(elicitation, 'url')
}
