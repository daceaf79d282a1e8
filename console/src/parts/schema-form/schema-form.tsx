import { Button } from '@mantine/core'
import { useState } from 'react'
import type { JsonSchema } from '../editor/json-schema.ts'
import { type FormValues, isRecord, listProperties, withMember } from './form-values.ts'
import { JsonField } from './json-field.tsx'
import { SchemaField } from './schema-field.tsx'
import styles from './schema-form.module.css'

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
