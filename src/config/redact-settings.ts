import type { JsonValue } from '../lib/json.ts'
import { Secret } from '../lib/secret.ts'
import { isSecretName, scrubText } from '../telemetry/secret-text.ts'
import type { Project } from './project.ts'

/** A shorter value is in too many texts by chance; it is hidden where it is the whole text. */
const shortestPart = 4
const hidden = '[secret]'

/**
 * Checked options or settings as people may see them: what came from the environment is `$env(NAME)` again, wherever it ended up, and what is
 * declared as a secret, is named like one, or looks like one is `[secret]`.
 */
export function redactSettings(value: unknown, { environmentValues }: Pick<Project, 'environmentValues'>): JsonValue {
  // The longest first: one value may be a part of another.
  const variables = [...environmentValues].sort(([, one], [, other]) => other.length - one.length)
  const redactText = (text: string): string =>
    variables.reduce((shown, [name, value]) => {
      if (shown === value) return `$env(${name})`
      return value.length >= shortestPart ? shown.replaceAll(value, `$env(${name})`) : shown
    }, text)
  const redactMember = (name: string, member: unknown): JsonValue => {
    const shown = redact(member)
    return typeof member === 'string' && shown === member && isSecretName(name) ? hidden : shown
  }
  const redact = (each: unknown): JsonValue => {
    if (each instanceof Secret) return hidden
    if (typeof each === 'string') return scrubText(redactText(each))
    if (typeof each === 'number' || typeof each === 'boolean') return each
    if (each instanceof RegExp || each instanceof URL) return redactText(String(each))
    if (each instanceof Map) return redact(Object.fromEntries(each))
    if (each instanceof Set || Array.isArray(each)) return [...each].map(redact)
    if (typeof each !== 'object' || each === null) return null
    const members = Object.entries(each).filter(([, member]) => member !== undefined && typeof member !== 'function')
    return Object.fromEntries(members.map(([name, member]) => [redactText(name), redactMember(name, member)]))
  }
  return redact(value)
}
