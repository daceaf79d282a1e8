import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { exposeTaskId, exposeUri, type LocatedId, locateTaskId, locateUri } from './member-ids.ts'

const lists: { readonly [name: string]: (id: string, members: ReadonlySet<string>) => LocatedId | undefined } = {
  resourceSubscriptions: locateUri,
  taskIds: locateTaskId,
}

/** The part of the `notifications` of `subscriptions/listen` that each member can be asked for; members without one are left out. */
export function splitWishes(wishes: JsonObject, members: ReadonlySet<string>): ReadonlyMap<string, JsonObject> {
  const parts = new Map<string, JsonObject>()
  const partOf = (member: string): JsonObject => {
    const part = parts.get(member) ?? {}
    parts.set(member, part)
    return part
  }
  for (const [name, wish] of Object.entries(wishes)) {
    const locate = Object.hasOwn(lists, name) ? lists[name] : undefined
    if (locate === undefined) {
      if (wish !== false) for (const member of members) partOf(member)[name] = wish
      continue
    }
    for (const exposed of Array.isArray(wish) ? wish : []) {
      const located = typeof exposed === 'string' ? locate(exposed, members) : undefined
      if (located === undefined) continue
      const part = partOf(located.member)
      const ids: readonly unknown[] = Array.isArray(part[name]) ? part[name] : []
      part[name] = [...ids, located.id]
    }
  }
  return parts
}

/** What members honour together, as the client asked for it. */
export function joinHonoured(honoured: ReadonlyMap<string, JsonObject>): JsonObject {
  const joined: JsonObject = {}
  for (const [member, part] of honoured) {
    for (const [name, value] of Object.entries(part)) {
      if (!Object.hasOwn(lists, name)) joined[name] ??= value
      else if (Array.isArray(value)) {
        const expose = name === 'taskIds' ? exposeTaskId : exposeUri
        const ids: readonly unknown[] = Array.isArray(joined[name]) ? joined[name] : []
        joined[name] = [...ids, ...value.filter((id) => typeof id === 'string').map((id) => expose(member, id))]
      }
    }
  }
  return joined
}

/** `notifications` of an acknowledgement. */
export function honouredOf(acknowledgement: JsonObject): JsonObject {
  const { params } = acknowledgement
  return isJsonObject(params) && isJsonObject(params.notifications) ? params.notifications : {}
}
