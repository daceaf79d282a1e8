import { NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { type JsonSchema, listAlternatives } from '../editor/json-schema.ts'
import { isRecord, listProperties, withMember } from './form-values.ts'
import { JsonField } from './json-field.tsx'
import styles from './schema-form.module.css'

interface SchemaFieldProps {
  readonly name: string
  readonly schema: JsonSchema
  /** That references are resolved in. */
  readonly root: JsonSchema
  readonly required: boolean
  /** Undefined: not written. */
  readonly value: unknown
  readonly onChange: (value: unknown) => void
  /** How many objects it is inside of. */
  readonly depth?: number
}

/** Below so many objects a value is written as JSON: a schema may hold itself. */
const deepest = 3

/** The field that fits a schema. */
export function SchemaField(props: SchemaFieldProps) {
  const { name, schema, root, required, value, onChange, depth = 0 } = props
  const parts = listAlternatives(schema, root)
  const find = <Member extends keyof JsonSchema>(member: Member) =>
    parts.find((part) => part[member] !== undefined)?.[member]
  const label = find('title') ?? name
  const described = { label, description: find('description'), required }
  const choices = parts.flatMap((part) => part.enum ?? []).filter((choice) => choice !== null)
  const types = new Set(parts.flatMap((part) => part.type ?? []).filter((type) => type !== 'null'))
  const type = types.size === 1 ? [...types][0] : undefined
  if (choices.length > 0) {
    return (
      <Select
        {...described}
        clearable={!required}
        data={choices.map((choice) => ({
          value: JSON.stringify(choice),
          label: typeof choice === 'string' ? choice : JSON.stringify(choice),
        }))}
        value={value === undefined ? null : JSON.stringify(value)}
        onChange={(next) => onChange(choices.find((choice) => JSON.stringify(choice) === next))}
      />
    )
  }
  if (type === 'boolean') {
    return (
      <Switch
        label={label}
        description={find('description')}
        checked={value === true}
        onChange={(event) =>
          onChange(event.currentTarget.checked || required ? event.currentTarget.checked : undefined)
        }
      />
    )
  }
  if (type === 'number' || type === 'integer') {
    const [min, max] = [find('minimum'), find('maximum')]
    return (
      <NumberInput
        {...described}
        allowDecimal={type === 'number'}
        {...(min !== undefined && { min })}
        {...(max !== undefined && { max })}
        value={typeof value === 'number' ? value : ''}
        onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
      />
    )
  }
  if (type === 'string') return <TextField {...props} described={described} long={(find('maxLength') ?? 0) > 400} />
  if (type === 'array' && listsText(parts, root)) {
    const texts = Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
    return (
      <TagsInput
        {...described}
        value={texts}
        onChange={(next) => onChange(next.length > 0 || required ? next : undefined)}
      />
    )
  }
  const members = type === 'object' && depth < deepest ? listProperties(schema, root) : []
  if (members.length === 0) return <JsonField {...described} value={value} onChange={onChange} />
  const record = isRecord(value) ? value : {}
  return (
    <fieldset className={styles['nested']}>
      <legend>{label}</legend>
      {members.map((member) => (
        <SchemaField
          key={member.name}
          name={member.name}
          schema={member.property}
          root={root}
          depth={depth + 1}
          required={member.required && (required || Object.keys(record).length > 0)}
          value={record[member.name]}
          onChange={(next) => onChange(withMember(record, member.name, next))}
        />
      ))}
    </fieldset>
  )
}

interface TextFieldProps extends SchemaFieldProps {
  readonly described: { readonly label: string; readonly description: string | undefined; readonly required: boolean }
  readonly long: boolean
}

function TextField({ name, value, onChange, required, described, long }: TextFieldProps) {
  const text = typeof value === 'string' ? value : ''
  const set = (next: string) => onChange(next === '' && !required ? undefined : next)
  if (long || /body|content|description|text|query|markdown|message/i.test(name)) {
    return (
      <Textarea
        {...described}
        autosize
        minRows={2}
        maxRows={12}
        value={text}
        onChange={(event) => set(event.currentTarget.value)}
      />
    )
  }
  return <TextInput {...described} value={text} onChange={(event) => set(event.currentTarget.value)} />
}

function listsText(parts: readonly JsonSchema[], root: JsonSchema): boolean {
  const items = parts.map((part) => part.items).find((each) => typeof each === 'object')
  return typeof items === 'object' && listAlternatives(items, root).some((part) => part.type === 'string')
}
