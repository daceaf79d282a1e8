import { type JsonSchema, listAlternatives } from '../editor/json-schema.ts'

/** Values of a form, by the name of the property. */
export type FormValues = { readonly [name: string]: unknown }

interface Property {
  readonly name: string
  readonly property: JsonSchema
  readonly required: boolean
}

/** The properties of an object, those that must be there first. */
export function listProperties(schema: JsonSchema, root: JsonSchema = schema): readonly Property[] {
  const found = new Map<string, Property>()
  for (const part of listAlternatives(schema, root)) {
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      const required = part.required?.includes(name) ?? false
      if (!found.has(name)) found.set(name, { name, property, required })
    }
  }
  return [...found.values()].sort((a, b) => Number(b.required) - Number(a.required))
}

/** The values with one member set, or without it where it is undefined. */
export function withMember(value: FormValues, name: string, next: unknown): FormValues {
  const others = Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
  return next === undefined ? others : { ...others, [name]: next }
}

/** Whether a value is an object with members. */
export function isRecord(value: unknown): value is FormValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
