/** Something of a member, and what the member calls it. */
export interface LocatedId {
  readonly member: string
  readonly id: string
}

// Hosts look for these schemes, so they stay in front.
const keptSchemes = ['ui://', 'skill://']

/**
 * The URI of a member, or its template, as clients see it: `ui://<member>/…` and `skill://<member>/…`, else `<member>+<uri>`. `locateUri`
 * gives it back as it was, whatever it was.
 */
export function exposeUri(member: string, uri: string): string {
  const scheme = keptSchemes.find((kept) => uri.startsWith(kept))
  return scheme === undefined ? `${member}+${uri}` : `${scheme}${member}/${uri.slice(scheme.length)}`
}

/** Undefined: it is no URI of a member. */
export function locateUri(uri: string, members: ReadonlySet<string>): LocatedId | undefined {
  const scheme = keptSchemes.find((kept) => uri.startsWith(kept)) ?? ''
  const rest = uri.slice(scheme.length)
  const located = split(rest, scheme === '' ? '+' : '/', members)
  return located && { member: located.member, id: scheme + located.id }
}

/** The id of a task of a member. */
export function exposeTaskId(member: string, taskId: string): string {
  return `${member}_${taskId}`
}

export function locateTaskId(taskId: string, members: ReadonlySet<string>): LocatedId | undefined {
  return split(taskId, '_', members)
}

function split(text: string, mark: string, members: ReadonlySet<string>): LocatedId | undefined {
  const end = text.indexOf(mark)
  const member = text.slice(0, end)
  return end === -1 || !members.has(member) ? undefined : { member, id: text.slice(end + 1) }
}
