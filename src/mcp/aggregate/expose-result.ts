import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { exposeTaskId, exposeUri } from './member-ids.ts'
import type { MemberNames } from './member-names.ts'

/** Whose answer it is, and how names are shown. */
export interface ExposedMember {
  readonly member: string
  readonly tools: MemberNames
  readonly prompts: MemberNames
}

type Expose = (result: JsonObject, member: ExposedMember) => JsonObject

/** Puts the member into every name, URI and task id of a result, so that what the client sends back finds its way. */
export function exposeResult(method: string, result: JsonObject, member: ExposedMember): JsonObject {
  const expose = exposers[method]
  return expose === undefined ? result : expose(result, member)
}

/** One entry of a list; undefined: it is not shown. */
export function exposeEntry(list: string, entry: unknown, member: ExposedMember): JsonObject | undefined {
  if (!isJsonObject(entry)) return undefined
  if (list === 'tools' || list === 'prompts') {
    const name = stringMember(entry, 'name')
    const exposed = name === undefined ? undefined : member[list].expose(member.member, name)
    return exposed === undefined ? undefined : exposeMeta({ ...entry, name: exposed }, member)
  }
  if (list === 'resourceTemplates') return replaceText(exposeMeta(entry, member), 'uriTemplate', uriOf(member))
  if (list === 'skills') return exposeUris(entry, member)
  return exposeMeta(replaceText(entry, 'uri', uriOf(member)), member)
}

/** An error about a resource names it as the client does. */
export function exposeError(error: JsonObject, member: ExposedMember): JsonObject {
  const data = objectMember(error, 'data')
  return data === undefined ? error : { ...error, data: replaceText(data, 'uri', uriOf(member)) }
}

/** A notification, or a request of the server, on the stream of a call. Ids of requests say which member waits for the answer. */
export function exposeServerMessage(message: JsonObject, { member }: ExposedMember): JsonObject {
  const params = objectMember(message, 'params')
  const exposed = { ...message }
  if (Object.hasOwn(message, 'id')) exposed.id = `${member}_${JSON.stringify(message.id)}`
  if (params === undefined) return exposed
  if (message.method === 'notifications/resources/updated') {
    exposed.params = replaceText(params, 'uri', (uri) => exposeUri(member, uri))
  } else if (message.method === 'notifications/tasks' || message.method === 'notifications/tasks/status') {
    exposed.params = replaceText(params, 'taskId', (id) => exposeTaskId(member, id))
  }
  return exposed
}

const exposeCall: Expose = (result, member) => {
  const exposed = exposeMeta(exposeTask(result, member), member)
  const task = objectMember(exposed, 'task')
  return {
    ...exposed,
    ...(task && { task: exposeTask(task, member) }),
    ...(Array.isArray(exposed.content) && { content: exposed.content.map((part) => exposeContent(part, member)) }),
  }
}

const exposePrompt: Expose = (result, member) => {
  if (!Array.isArray(result.messages)) return result
  const messages = result.messages.map((message: unknown) => {
    if (!isJsonObject(message)) return message
    const { content } = message
    const exposed = Array.isArray(content)
      ? content.map((part) => exposeContent(part, member))
      : exposeContent(content, member)
    return { ...message, content: exposed }
  })
  return { ...result, messages }
}

const exposeContents: Expose = (result, member) => {
  if (!Array.isArray(result.contents)) return result
  const contents = result.contents.map((each: unknown) =>
    isJsonObject(each) ? exposeMeta(replaceText(each, 'uri', uriOf(member)), member) : each,
  )
  return { ...result, contents }
}

/** A task that ended carries what its call would have answered. */
const exposeTaskState: Expose = (result, member) => {
  const ended = objectMember(result, 'result')
  return { ...exposeTask(result, member), ...(ended && { result: exposeCall(ended, member) }) }
}

const exposers: { readonly [method: string]: Expose } = {
  'tools/call': exposeCall,
  'prompts/get': exposePrompt,
  'resources/read': exposeContents,
  'tasks/get': exposeTaskState,
  'tasks/update': exposeTaskState,
  'tasks/cancel': exposeTaskState,
  'skills/get': exposeUris,
  'resources/directory/read': exposeUris,
}

function exposeContent(part: unknown, member: ExposedMember): unknown {
  if (!isJsonObject(part)) return part
  if (part.type === 'resource_link') return exposeMeta(replaceText(part, 'uri', uriOf(member)), member)
  const resource = objectMember(part, 'resource')
  if (part.type !== 'resource' || resource === undefined) return part
  return { ...part, resource: exposeMeta(replaceText(resource, 'uri', uriOf(member)), member) }
}

/** MCP Apps: the page that shows a tool. The flat member is its older spelling. */
function exposeMeta(value: JsonObject, member: ExposedMember): JsonObject {
  const meta = objectMember(value, '_meta')
  if (meta === undefined) return value
  const ui = objectMember(meta, 'ui')
  const flat = replaceText(meta, 'ui/resourceUri', uriOf(member))
  return { ...value, _meta: ui ? { ...flat, ui: replaceText(ui, 'resourceUri', uriOf(member)) } : flat }
}

function exposeTask(value: JsonObject, { member }: ExposedMember): JsonObject {
  return replaceText(value, 'taskId', (id) => exposeTaskId(member, id))
}

/** Skills: manifests name URIs at every level. What the files hold stays as it is, so that digests hold. */
function exposeUris(value: JsonObject, member: ExposedMember): JsonObject {
  const exposed: JsonObject = {}
  for (const [key, child] of Object.entries(value)) {
    if (key === 'uri' && typeof child === 'string') exposed[key] = exposeUri(member.member, child)
    else if (key === 'frontmatter') exposed[key] = child
    else if (Array.isArray(child)) {
      exposed[key] = child.map((each: unknown) => (isJsonObject(each) ? exposeUris(each, member) : each))
    } else exposed[key] = isJsonObject(child) ? exposeUris(child, member) : child
  }
  return exposed
}

function uriOf({ member }: ExposedMember): (uri: string) => string {
  return (uri) => exposeUri(member, uri)
}

function replaceText(value: JsonObject, key: string, replace: (text: string) => string): JsonObject {
  const text = stringMember(value, key)
  return text === undefined ? value : { ...value, [key]: replace(text) }
}
