import type { core } from 'zod'
import type { JsonPath } from './json-path.ts'

/** The member names that `schema` declares for the object at `path`; of every alternative where there are several. */
export function memberNames(schema: core.$ZodType, path: JsonPath): readonly string[] {
  let schemas = unwrap(schema)
  for (const segment of path) schemas = schemas.flatMap((candidate) => childSchemas(candidate, segment)).flatMap(unwrap)
  const names = schemas.flatMap((candidate) => {
    const { def } = (candidate as core.$ZodTypes)._zod
    return def.type === 'object' ? Object.keys(def.shape) : []
  })
  return [...new Set(names)].filter((name) => name !== '$schema')
}

/** What `schema` declares for one member of an object, or for the entries of an array or record. */
export function childSchemas(schema: core.$ZodType, segment: string | number): core.$ZodType[] {
  const { def } = (schema as core.$ZodTypes)._zod
  if (def.type === 'array') return [def.element]
  if (def.type === 'record') return [def.valueType]
  if (def.type !== 'object') return []
  const child = Object.hasOwn(def.shape, segment) ? def.shape[segment] : undefined
  return child ? [child] : []
}

/** Looks through defaults, optionals, pipes and unions. */
function unwrap(schema: core.$ZodType): core.$ZodType[] {
  const { def } = (schema as core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'catch':
      return unwrap(def.innerType)
    case 'pipe':
      return [...unwrap(def.in), ...unwrap(def.out)]
    case 'lazy':
      return unwrap(def.getter())
    case 'union':
      return def.options.flatMap(unwrap)
    case 'intersection':
      return [...unwrap(def.left), ...unwrap(def.right)]
    default:
      return [schema]
  }
}
