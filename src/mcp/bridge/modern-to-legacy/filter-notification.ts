import { type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'

/** What a call of 2026-07-28 asked to hear while it runs. */
export interface CallWishes {
  readonly progressToken: unknown
  readonly logLevel: string | undefined
}

/** Where a notification of the upstream belongs. */
export type NotificationPlace =
  /** On the stream of the call, perhaps changed. */
  | { readonly kind: 'call'; readonly notification: JsonObject }
  /** With those who listen to the session. */
  | { readonly kind: 'listeners' }
  /** Nowhere: nobody asked for it, or 2026-07-28 has it no more. */
  | { readonly kind: 'nowhere' }

const nowhere: NotificationPlace = { kind: 'nowhere' }
const listeners: NotificationPlace = { kind: 'listeners' }

/** Says where a notification belongs that came on the stream of a call. `hopToken`: the progress token the upstream was given. */
export function placeNotification(
  notification: JsonObject,
  wishes: CallWishes,
  hopToken: string | number,
): NotificationPlace {
  const method = stringMember(notification, 'method') ?? ''
  if (method === 'notifications/progress') return placeProgress(notification, wishes, hopToken)
  if (method === 'notifications/message') return placeLog(notification, wishes)
  if (isAboutServer(method)) return listeners
  return withdrawn.has(method) ? nowhere : { kind: 'call', notification }
}

/** Notifications about the server as a whole; 2026-07-28 has them on `subscriptions/listen` only. */
function isAboutServer(method: string): boolean {
  return /^notifications\/(?:tools|prompts|resources)\/list_changed$/.test(method) || method === resourceUpdated
}

const resourceUpdated = 'notifications/resources/updated'

const withdrawn: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/elicitation/complete',
  'notifications/tasks/status',
])

function placeProgress(
  notification: JsonObject,
  { progressToken }: CallWishes,
  hopToken: string | number,
): NotificationPlace {
  const params = objectMember(notification, 'params')
  if (progressToken === undefined || params?.progressToken !== hopToken) return nowhere
  return { kind: 'call', notification: { ...notification, params: { ...params, progressToken } } }
}

/** RFC 5424, from the least to the most severe. */
const severities = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** The level belongs to the session, which several calls share, so each takes its own part. */
function placeLog(notification: JsonObject, { logLevel }: CallWishes): NotificationPlace {
  if (logLevel === undefined) return nowhere
  const level = stringMember(objectMember(notification, 'params') ?? {}, 'level') ?? ''
  return isMoreVerbose(level, logLevel) ? nowhere : { kind: 'call', notification }
}

/** True when `level` lets more messages through than `other`. An unknown level is not judged. */
export function isMoreVerbose(level: string, other: string): boolean {
  const [mine, theirs] = [severities.indexOf(level), severities.indexOf(other)]
  return mine !== -1 && theirs !== -1 && mine < theirs
}
