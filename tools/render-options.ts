import type { JsonSchema } from './json-schema.ts'

/** A longer list of values is documented elsewhere. */
const manyValues = 8

interface Row {
  readonly name: string
  readonly type: string
  readonly preset: string
  readonly description: string
}

/** A Markdown table of everything an object may have, members of members included. */
export function renderOptions(schema: JsonSchema, { withDefaults = true } = {}): string {
  const rows = membersOf(schema, '')
  if (rows.length === 0) return 'No options.'
  const heading = ['name', 'type', ...(withDefaults ? ['default'] : []), 'what']
  return renderTable(
    heading,
    rows.map(({ name, type, preset, description }) => [
      `\`${name}\``,
      type,
      ...(withDefaults ? [preset] : []),
      description,
    ]),
  )
}

/** A Markdown table. */
export function renderTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n')
}

function membersOf(schema: JsonSchema, prefix: string): Row[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, member]) => {
      const name = prefix + key
      const row = {
        name,
        type: typeOf(member),
        preset: presetOf(member, required.has(key)),
        description: member.description ?? '',
      }
      return [row, ...nestedMembers(member, name)]
    })
}

function nestedMembers(member: JsonSchema, name: string): Row[] {
  const rows = [
    ...membersOf(member, `${name}.`),
    ...(member.items ? nestedMembers(member.items, `${name}[]`) : []),
    ...(typeof member.additionalProperties === 'object' ? nestedMembers(member.additionalProperties, `${name}.*`) : []),
    ...[...(member.anyOf ?? []), ...(member.oneOf ?? [])].flatMap((branch) => nestedMembers(branch, name)),
  ]
  // Alternatives often share members.
  return rows.filter((row, index) => rows.findIndex((other) => other.name === row.name) === index)
}

function presetOf({ default: preset, type }: JsonSchema, isRequired: boolean): string {
  if (preset !== undefined && !(type === 'object' && JSON.stringify(preset) === '{}'))
    return `\`${JSON.stringify(preset)}\``
  return isRequired ? '**required**' : ''
}

function typeOf(schema: JsonSchema): string {
  const { type, items } = schema
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return [...new Set(branches.map(typeOf))].join(' or ')
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum && schema.enum.length > manyValues) return 'text'
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
  if (type === 'array') return items ? `list of ${typeOf(items)}` : 'list'
  if (type === 'integer') return 'whole number'
  if (type === 'string') return schema.format === 'uri' ? 'URL' : 'text'
  if (type === undefined) return 'anything'
  return Array.isArray(type) ? type.map((one) => typeOf({ type: one })).join(' or ') : type
}
