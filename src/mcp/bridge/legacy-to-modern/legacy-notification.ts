import { isJsonObject, type JsonObject, objectMember, omitMembers } from '../../../lib/json.ts'
import { subscriptionIdKey } from '../../eras/2026-07-28/check-envelope.ts'

/**
 * A notification that came with the answer to a call, for its client: progress under the client's own token, everything else as it came.
 * Undefined: not for the client.
 */
export function legacyNotification(
  notification: JsonObject,
  progressToken: unknown,
  ourProgressToken: string,
): JsonObject | undefined {
  if (notification.method !== 'notifications/progress') return notification
  const params = objectMember(notification, 'params')
  // Clients end on progress they did not ask for.
  if (progressToken === undefined || params?.progressToken !== ourProgressToken) return undefined
  return { ...notification, params: { ...params, progressToken } }
}

/** A notification of a subscription, without what names the subscription; undefined for its acknowledgement. */
export function sessionNotification(notification: JsonObject): JsonObject | undefined {
  if (typeof notification.method !== 'string' || Object.hasOwn(notification, 'id')) return undefined
  if (notification.method === 'notifications/subscriptions/acknowledged') return undefined
  const { params } = notification
  const meta = isJsonObject(params) ? objectMember(params, '_meta') : undefined
  if (!isJsonObject(params) || meta === undefined) return notification
  const others = omitMembers(meta, subscriptionIdKey)
  const kept = Object.keys(others).length > 0 ? { ...params, _meta: others } : omitMembers(params, '_meta')
  return Object.keys(kept).length > 0 ? { ...notification, params: kept } : omitMembers(notification, 'params')
}
