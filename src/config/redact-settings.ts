import type { JsonValue } from '../lib/json.ts'
import { Secret } from '../lib/secret.ts'
import { isSecretName, scrubText } from '../telemetry/secret-text.ts'
import type { Project } from './project.ts'

/** A shorter value is in too many texts by chance; it is hidden where it is the whole text. */
const shortestPart = 4
const hidden = '[secret]'

/** Puts names in the place of values of environment variables. */
export type NameVariables = (text: string) => string

/**
 * Finds values of the environment in texts, also where they were made lower-case, escaped for JSON or for a URL on the way, and writes `$env(NAME)`
 * instead.
 */
export function nameVariables(environmentValues: Project['environmentValues']): NameVariables {
  // The longest first: one value may be a part of another.
  const variables = [...environmentValues].sort(([, one], [, other]) => other.length - one.length)
  const known = variables.map(([name, value]) => {
    const spellings = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), encodeURI(value)])
    const pattern = [...spellings].map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|')
    return { name: `$env(${name})`, value, parts: value.length >= shortestPart ? new RegExp(pattern, 'gi') : undefined }
  })
  return (text) =>
    known.reduce((shown, { name, value, parts }) => {
      if (shown === value) return name
      return parts ? shown.replaceAll(parts, () => name) : shown
    }, text)
}

/**
 * Checked options or settings as people may see them: what came from the environment is `$env(NAME)` again, wherever it ended up, and what is
 * declared as a secret, is named like one, or looks like one is `[secret]`.
 */
export function redactSettings(value: unknown, { environmentValues }: Pick<Project, 'environmentValues'>): JsonValue {
  const redactText = nameVariables(environmentValues)
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
