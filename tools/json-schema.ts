import { z } from 'zod'

/** The part of JSON Schema that our declarations come out as. */
export interface JsonSchema {
  type?: string | string[]
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  pattern?: string
  format?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  items?: JsonSchema
  properties?: { [name: string]: JsonSchema }
  patternProperties?: { [pattern: string]: JsonSchema }
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  propertyNames?: JsonSchema
  $schema?: string
  title?: string
}

/** JSON Schema (draft 7, which editors know best) of what people write for a declaration. */
export function toJsonSchema(declaration: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(declaration, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // A bound that only says "fits into a JavaScript number" tells nobody anything.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      delete jsonSchema.propertyNames
    },
  }) as JsonSchema
  return schema
}

/** The same schema, where every constrained text may also be a `$env(NAME)` or `${env.NAME}`: editors see the file, not the values. */
export function allowVariables(schema: JsonSchema): JsonSchema {
  const { format: _, ...inner } = mapChildren(schema, allowVariables)
  if (inner.pattern === undefined && !inner.enum?.some((value) => typeof value === 'string')) return inner
  const { description, default: preset, ...rest } = inner
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [rest, { type: 'string', pattern: String.raw`\$env\(\w+\)|\$\{env\.\w+\}` }],
  }
}

function mapChildren(schema: JsonSchema, map: (child: JsonSchema) => JsonSchema): JsonSchema {
  const { properties, items, anyOf, oneOf, additionalProperties } = schema
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, map(child)])),
    }),
    ...(items && { items: map(items) }),
    ...(anyOf && { anyOf: anyOf.map(map) }),
    ...(oneOf && { oneOf: oneOf.map(map) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: map(additionalProperties) }),
  }
}
