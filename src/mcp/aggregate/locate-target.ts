import type { McpMessage } from '../../contracts/mcp.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { locateTaskId, locateUri } from './member-ids.ts'
import type { MemberNames } from './member-names.ts'

/** The member that a message is for. */
export interface Target {
  readonly member: string
  /** `params` as the member knows them; undefined: the name is a shortened one, which its member has to list first. */
  readonly params: JsonObject | undefined
}

/** How things of members are named. */
export interface Naming {
  readonly members: ReadonlySet<string>
  readonly tools: MemberNames
  readonly prompts: MemberNames
}

/** Undefined: nothing of any member has this name; `unaddressed`: the method names nothing. */
export function locateTarget({ method, body }: McpMessage, naming: Naming): Target | 'unaddressed' | undefined {
  const params = objectMember(body, 'params') ?? {}
  if (method === 'tools/call') return locateName(params, 'name', naming.tools)
  if (method === 'prompts/get') return locateName(params, 'name', naming.prompts)
  if (uriMethods.has(method)) return locateText(params, 'uri', (uri) => locateUri(uri, naming.members))
  if (taskMethods.has(method)) return locateText(params, 'taskId', (id) => locateTaskId(id, naming.members))
  if (method !== 'completion/complete') return 'unaddressed'
  const ref = objectMember(params, 'ref') ?? {}
  const target =
    ref.type === 'ref/prompt'
      ? locateName(ref, 'name', naming.prompts)
      : locateText(ref, 'uri', (uri) => locateUri(uri, naming.members))
  return target && { member: target.member, params: target.params && { ...params, ref: target.params } }
}

const uriMethods: ReadonlySet<string> = new Set([
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'resources/directory/read',
  'skills/get',
])
const taskMethods: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel', 'tasks/result'])

function locateName(holder: JsonObject, key: string, names: MemberNames): Target | undefined {
  const exposed = stringMember(holder, key)
  const located = exposed === undefined ? undefined : names.locate(exposed)
  if (located === undefined) return undefined
  return { member: located.member, params: located.name === undefined ? undefined : { ...holder, [key]: located.name } }
}

function locateText(
  holder: JsonObject,
  key: string,
  locate: (text: string) => { readonly member: string; readonly id: string } | undefined,
): Target | undefined {
  const text = stringMember(holder, key)
  const located = text === undefined ? undefined : locate(text)
  return located && { member: located.member, params: { ...holder, [key]: located.id } }
}
