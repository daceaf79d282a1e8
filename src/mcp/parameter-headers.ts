import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { encodeHeaderValue } from './encode-header-value.ts'

/** One argument that travels in a header as well (2026-07-28 §x-mcp-header). */
export interface ParameterHeader {
  /** Lower-case, with its prefix. */
  readonly header: string
  /** Where the argument is. */
  readonly path: readonly string[]
}

const annotation = 'x-mcp-header'
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const mirroredTypes: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])
const deepest = 32

/** The annotated arguments of an `inputSchema`; `invalid` when it breaks a rule, so that nobody may call the tool. */
export function findParameterHeaders(inputSchema: unknown): readonly ParameterHeader[] | 'invalid' {
  const found: ParameterHeader[] = []
  if (!isJsonObject(inputSchema) || !mentionsAnnotation(inputSchema)) return found
  const isValid = collect(inputSchema, [], found) && countAnnotations(inputSchema) === found.length
  const names = new Set(found.map(({ header }) => header))
  return isValid && names.size === found.length ? found : 'invalid'
}

/** The headers of one call, for the arguments it has. Undefined when an argument cannot be mirrored. */
export function mirrorArguments(
  headers: readonly ParameterHeader[],
  callArguments: unknown,
): { [name: string]: string } {
  const mirrored: { [name: string]: string } = {}
  for (const { header, path } of headers) {
    const value = path.reduce<unknown>(
      (at, key) => (isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      callArguments,
    )
    if (typeof value === 'string') mirrored[header] = encodeHeaderValue(value)
    else if (typeof value === 'number' || typeof value === 'boolean') mirrored[header] = String(value)
  }
  return mirrored
}

/** Nearly no schema has one; this is cheaper than walking all of them twice. */
function mentionsAnnotation(schema: JsonObject): boolean {
  return JSON.stringify(schema).includes(`"${annotation}"`)
}

/** Only what is reached through `properties` alone can be annotated. */
function collect(schema: JsonObject, path: readonly string[], found: ParameterHeader[]): boolean {
  if (path.length > deepest) return false
  if (Object.hasOwn(schema, annotation)) {
    const name = schema[annotation]
    if (path.length === 0 || typeof name !== 'string' || !token.test(name) || !mirroredTypes.has(schema.type))
      return false
    found.push({ header: `mcp-param-${name.toLowerCase()}`, path })
  }
  const { properties } = schema
  if (!isJsonObject(properties)) return true
  return Object.entries(properties).every(
    ([key, child]) => !isJsonObject(child) || collect(child, [...path, key], found),
  )
}

/** Every schema that is annotated, wherever it stands. A property may be called like the annotation: that is a schema, not a name. */
function countAnnotations(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + countAnnotations(each), 0)
  if (!isJsonObject(value)) return 0
  let count = 0
  for (const [key, child] of Object.entries(value)) {
    if (key === annotation && !isJsonObject(child)) count += 1
    else if (!dataKeywords.has(key)) count += countAnnotations(child)
  }
  return count
}

const dataKeywords: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])
