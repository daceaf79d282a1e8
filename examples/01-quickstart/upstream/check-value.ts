import { TrackerError } from './issues.ts'

/** A JSON Schema, as far as this tracker uses it. */
export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer'
  readonly description?: string
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

/** Checks a value against a schema; throws a TrackerError that says what is wrong and where. */
export function checkValue(value: unknown, schema: Schema, path: string): void {
  const fail = (expected: string) => {
    throw new TrackerError(`${path} must be ${expected}.`)
  }
  if (schema.type === 'string' && typeof value !== 'string') fail('a string')
  if (schema.enum && !schema.enum.includes(String(value))) fail(`one of ${schema.enum.join(', ')}`)
  if (schema.type === 'integer') {
    if (!Number.isInteger(value)) fail('an integer')
    if (schema.minimum !== undefined && Number(value) < schema.minimum) fail(`at least ${schema.minimum}`)
    if (schema.maximum !== undefined && Number(value) > schema.maximum) fail(`at most ${schema.maximum}`)
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) fail('an array')
    else
      for (const [index, item] of value.entries()) if (schema.items) checkValue(item, schema.items, `${path}[${index}]`)
  }
  if (schema.type === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('an object')
    else checkMembers(value, schema, path)
  }
}

function checkMembers(value: object, schema: Schema, path: string): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) throw new TrackerError(`${path}.${name} is missing.`)
  }
  for (const [name, member] of Object.entries(value)) {
    const known = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (known) checkValue(member, known, `${path}.${name}`)
    else if (schema.additionalProperties === false) throw new TrackerError(`${path}.${name} is not known.`)
  }
}
