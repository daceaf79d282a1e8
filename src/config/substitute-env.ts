import { isJsonObject } from '../lib/json.ts'
import type { JsonPath } from './json-path.ts'
import type { Environment } from './load-project.ts'
import type { NamedVariable } from './named-variable.ts'
import type { ProblemList } from './problem-list.ts'
import type { SourceDocument } from './source-document.ts'

const statement = /\$env\(([^)]*)\)/g
const template = /\$\{([^}]*)\}/g
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Options whose text is a URL, where `${env.NAME}` is allowed. */
const urlOptions: ReadonlySet<string> = new Set(['rewritePattern', 'baseUrl'])

/** Where a value stands and where problems with it go. */
interface Place {
  readonly document: SourceDocument
  readonly environment: Environment
  readonly problems: ProblemList
  /** Collects what is replaced, where somebody wants to know. */
  readonly named?: NamedVariable[]
}

/**
 * A copy of `value` in which every `$env(NAME)` is replaced by the variable, at any depth, and `${env.NAME}` in URL options.
 * An unset variable is a problem. A replaced text stays text: it is never read as a statement again.
 */
export function substituteEnvironment(value: unknown, path: JsonPath, place: Place): unknown {
  if (typeof value === 'string') return substituteText(value, path, place)
  if (Array.isArray(value)) return value.map((item, index) => substituteEnvironment(item, [...path, index], place))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key.includes('$env(')) reportNotAllowed([...path, key], 'key', place)
      return [key, substituteEnvironment(member, [...path, key], place)]
    }),
  )
}

/** Reports every `$env(…)` in `value`: for places where it does not work. Members named in `except` are not looked at. */
export function refuseEnvironment(value: unknown, path: JsonPath, place: Place, except?: ReadonlySet<string>): void {
  if (typeof value === 'string') {
    if (value.includes('$env(')) reportNotAllowed(path, 'value', place)
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => refuseEnvironment(item, [...path, index], place, except))
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (key.includes('$env(')) reportNotAllowed([...path, key], 'key', place)
      if (!except?.has(key)) refuseEnvironment(member, [...path, key], place, except)
    }
  }
}

function substituteText(text: string, path: JsonPath, place: Place): string {
  const read = (name: string) => readVariable(name.trim(), path, place)
  const isUrl = urlOptions.has(String(path.at(-1)))
  // One pass over the source text for both forms, so that the value of a variable is never searched again.
  const pattern = isUrl ? new RegExp(`${statement.source}|${template.source}`, 'g') : statement
  if (!isUrl && text.includes('${env.')) {
    place.problems.error(place.document, path, '${env.…} works in URL options only', 'Write $env(NAME) here.')
  }
  return text.replaceAll(pattern, (whole: string, name: string | undefined, expression: unknown) => {
    if (name !== undefined) return read(name)
    const inner = String(expression).trim()
    if (inner.startsWith('env.')) return read(inner.slice('env.'.length))
    place.problems.error(place.document, path, `${whole} is not supported in a URL`, 'Only ${env.NAME} is.')
    return ''
  })
}

function readVariable(name: string, path: JsonPath, { document, environment, problems, named }: Place): string {
  if (!variableName.test(name)) {
    problems.error(document, path, `"${name}" is not the name of an environment variable`, 'Use letters, digits and _.')
    return ''
  }
  named?.push({ name, path })
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (value !== undefined) return value
  problems.unresolved(
    document,
    path,
    `the environment variable ${name} is not set`,
    `Add ${name}=… to .env, or set it where the gateway runs.`,
  )
  return ''
}

function reportNotAllowed(path: JsonPath, of: 'key' | 'value', { document, problems }: Place): void {
  problems.error(
    document,
    path,
    '$env() is not allowed here',
    'It works in the values of options, cors policies and settings.',
    of,
  )
}
