import { Button } from '@mantine/core'
import { useState } from 'react'
import { type JsonSchema, listAlternatives } from '../editor/json-schema.ts'
import { JsonField } from './json-field.tsx'
import { SchemaField } from './schema-field.tsx'
import styles from './schema-form.module.css'

/** Values of a form, by the name of the property. */
export type FormValues = { readonly [name: string]: unknown }

interface SchemaFormProps {
  readonly label: string
  /** Of an object. */
  readonly schema: JsonSchema
  readonly value: FormValues
  readonly onChange: (value: FormValues) => void
}

/** A form for an object of any JSON Schema; what no field fits is written as JSON, and so can everything be. */
export function SchemaForm({ label, schema, value, onChange }: SchemaFormProps) {
  const [asJson, setAsJson] = useState(false)
  const properties = listProperties(schema)
  return (
    <fieldset className={styles['form']}>
      <legend className="visually-hidden">{label}</legend>
      {asJson ? (
        <JsonField label={label} value={value} onChange={(next) => onChange(isRecord(next) ? next : {})} />
      ) : (
        properties.map(({ name, property, required }) => (
          <SchemaField
            key={name}
            name={name}
            schema={property}
            root={schema}
            required={required}
            value={value[name]}
            onChange={(next) => onChange(withMember(value, name, next))}
          />
        ))
      )}
      {!asJson && properties.length === 0 && <p className="soft">It takes no arguments.</p>}
      <Button variant="subtle" color="gray" w="fit-content" onClick={() => setAsJson(!asJson)}>
        {asJson ? 'Back to the form' : 'Write JSON instead'}
      </Button>
    </fieldset>
  )
}

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
