import { type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'

const subscriptionIdKey = 'io.modelcontextprotocol/subscriptionId'

const mostResources = 100

/** List changes that can be listened to: the member of the filter, and the capability that promises them. */
const listChanges: readonly (readonly [member: string, capability: string])[] = [
  ['toolsListChanged', 'tools'],
  ['promptsListChanged', 'prompts'],
  ['resourcesListChanged', 'resources'],
]

/** What a client listens to, as far as the upstream can tell it. */
export interface Subscription {
  /** JSON-RPC id of the request (2026-07-28 §subscriptions). */
  readonly id: string | number
  /** Members of `notifications` that are honoured. */
  readonly listChanges: readonly string[]
  readonly resources: readonly string[]
}

/** The part of `subscriptions/listen` that an upstream with these capabilities can honour. */
export function readSubscription(id: string | number, params: JsonObject, capabilities: JsonObject): Subscription {
  const wanted = objectMember(params, 'notifications') ?? {}
  const offers = (capability: string, member: string) => objectMember(capabilities, capability)?.[member] === true
  const listed = listChanges.filter(
    ([member, capability]) => wanted[member] === true && offers(capability, 'listChanged'),
  )
  const asked = Array.isArray(wanted.resourceSubscriptions) ? wanted.resourceSubscriptions : []
  const uris = offers('resources', 'subscribe') ? asked.filter((uri) => typeof uri === 'string') : []
  return { id, listChanges: listed.map(([member]) => member), resources: [...new Set(uris)].slice(0, mostResources) }
}

/** The first message of the stream: what is honoured. */
export function acknowledge(subscription: Subscription): JsonObject {
  const { listChanges: listed, resources } = subscription
  const notifications = {
    ...Object.fromEntries(listed.map((member) => [member, true])),
    ...(resources.length > 0 && { resourceSubscriptions: resources }),
  }
  return tag(
    { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications } },
    subscription,
  )
}

/** The last message of a stream that ends as it should. */
export function endOf({ id }: Pick<Subscription, 'id'>): JsonObject {
  return { jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: { [subscriptionIdKey]: id } } }
}

/** True when the client asked for this notification. */
export function concerns(notification: JsonObject, { listChanges: listed, resources }: Subscription): boolean {
  const method = stringMember(notification, 'method') ?? ''
  if (method === 'notifications/resources/updated') {
    const uri = objectMember(notification, 'params')?.uri
    return typeof uri === 'string' && resources.some((each) => isWithin(uri, each))
  }
  const list = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1]
  return list !== undefined && listed.includes(`${list}ListChanged`)
}

/** An update may name a part of what was subscribed to (2025-11-25 §resources). */
function isWithin(uri: string, subscribed: string): boolean {
  return uri === subscribed || uri.startsWith(subscribed.endsWith('/') ? subscribed : `${subscribed}/`)
}

/** The notification as part of this subscription. */
export function tag(notification: JsonObject, { id }: Subscription): JsonObject {
  const params = objectMember(notification, 'params')
  const _meta = { ...(params && objectMember(params, '_meta')), [subscriptionIdKey]: id }
  return { ...notification, params: { ...params, _meta } }
}
