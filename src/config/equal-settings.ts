import { isDeepStrictEqual } from 'node:util'
import { Secret } from '../lib/secret.ts'

/** Whether checked settings or options say the same. Secrets are compared by what they hold, which no comparison of objects sees. */
export function equalSettings(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(toPlain(left), toPlain(right))
}

/** Without what JSON does not know: functions, and members that are undefined. */
function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify([expose(value)]))
}

function expose(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() }
  if (value instanceof RegExp) return String(value)
  if (value instanceof Map || value instanceof Set) return [...value].map(expose)
  if (Array.isArray(value)) return value.map(expose)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expose(member)]))
}
