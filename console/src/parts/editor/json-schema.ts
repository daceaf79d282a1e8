/** The part of JSON Schema that editor and forms read. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: { readonly [name: string]: JsonSchema }
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly properties?: { readonly [name: string]: JsonSchema }
  readonly patternProperties?: { readonly [pattern: string]: JsonSchema }
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
  readonly items?: JsonSchema | boolean
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

/**
 * A schema with the alternatives that it stands for: references are followed, `anyOf` and its like are spread out. Each schema counts once: those
 * of strangers may refer to themselves, and many times over.
 */
export function listAlternatives(
  schema: JsonSchema,
  root: JsonSchema,
  seen = new Set<JsonSchema>(),
): readonly JsonSchema[] {
  if (seen.has(schema)) return []
  seen.add(schema)
  const referred = schema.$ref === undefined ? undefined : findReferred(schema.$ref, root)
  const parts = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
    ...(referred ? [referred] : []),
  ]
  return [schema, ...parts.flatMap((part) => listAlternatives(part, root, seen))]
}

/** What stands at a path of property names and indexes below a value of this schema. */
export function listSchemasAt(root: JsonSchema, path: readonly (string | number)[]): readonly JsonSchema[] {
  let found = listAlternatives(root, root)
  for (const step of path) {
    found = found.flatMap((schema) => stepInto(schema, step)).flatMap((schema) => listAlternatives(schema, root))
  }
  return found
}

function stepInto(schema: JsonSchema, step: string | number): readonly JsonSchema[] {
  if (typeof step === 'number') return typeof schema.items === 'object' ? [schema.items] : []
  const named = schema.properties?.[step]
  if (named) return [named]
  const patterned = Object.entries(schema.patternProperties ?? {}).flatMap(([pattern, each]) =>
    matches(pattern, step) ? [each] : [],
  )
  if (patterned.length > 0) return patterned
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return false
  }
}

function findReferred(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (reference === '#') return root
  const name = /^#\/\$defs\/(.+)$/.exec(reference)?.[1]
  return name === undefined ? undefined : root.$defs?.[decodeURIComponent(name)]
}
