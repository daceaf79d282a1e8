import { isJsonObject, type JsonObject } from '../../../lib/json.ts'

/** True when every value of this schema is an object, as the older revisions require of `structuredContent`. */
export function describesObject(schema: unknown): boolean {
  return isJsonObject(schema) && schema.type === 'object'
}

/** The schema of `{result: value}` where `schema` is that of `value`. References to its root move with it. */
export function wrapSchema(schema: unknown): JsonObject {
  const result = moveReferences(schema)
  // The dialect is said at the root or not at all.
  if (isJsonObject(result) && typeof result.$schema === 'string' && result.$id === undefined) {
    const { $schema, ...rest } = result
    return { $schema, ...wrapped(rest) }
  }
  return wrapped(result)
}

function wrapped(result: unknown): JsonObject {
  return { type: 'object', properties: { result }, required: ['result'] }
}

/** `#` and `#/…` name places below the root. A schema with an `$id` is its own root, wherever it stands. */
function moveReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(moveReferences)
  if (!isJsonObject(schema) || typeof schema.$id === 'string') return schema
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if ((key === '$ref' || key === '$dynamicRef') && typeof value === 'string') return [key, moveReference(value)]
      // Values are data, not schemas.
      return [key, dataKeywords.has(key) ? value : moveReferences(value)]
    }),
  )
}

const dataKeywords: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])

function moveReference(reference: string): string {
  return reference === '#' || reference.startsWith('#/') ? `#/properties/result${reference.slice(1)}` : reference
}
