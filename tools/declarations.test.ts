import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { eventFields } from '../src/analytics/event.ts'
import { policiesFileSchema } from '../src/config/policies-schema.ts'
import { settingsSchema } from '../src/config/project-schema.ts'
import { routeExtensionSchema } from '../src/config/route-extension.ts'
import { handlerTypes } from '../src/handlers/index.ts'
import { policyTypes } from '../src/policies/index.ts'
import { allowVariables, type JsonSchema, toJsonSchema } from './json-schema.ts'

const declarations: [name: string, declaration: z.ZodType][] = [
  ['sallyport.jsonc', settingsSchema],
  ['policies.json', policiesFileSchema],
  ['x-gateway-route', routeExtensionSchema],
  ...policyTypes.map((type): [string, z.ZodType] => [type.type, type.options]),
  ...handlerTypes.map((type): [string, z.ZodType] => [type.exportName, type.options]),
]

describe.each(declarations)('%s', (_, declaration) => {
  it('describes every member that people write', () => {
    expect(undescribed(toJsonSchema(declaration), '')).toEqual([])
  })

  it('refuses members it does not know', () => {
    const result = declaration.safeParse({ 'no-such-member': 1 })
    expect(result.error?.issues.map((issue) => issue.code)).toContain('unrecognized_keys')
  })
})

it('every field of an event is described', () => {
  expect(undescribed(toJsonSchema(eventFields), '')).toEqual([])
})

it('editors accept a variable where a text is constrained', () => {
  const schema = allowVariables({
    type: 'object',
    properties: { by: { enum: ['user', 'ip'], description: 'what' }, n: { type: 'integer' } },
  })
  expect(schema.properties?.['by']).toEqual({
    description: 'what',
    anyOf: [{ enum: ['user', 'ip'] }, { type: 'string', pattern: expect.stringContaining('env') }],
  })
  expect(schema.properties?.['n']).toEqual({ type: 'integer' })
})

/** Members without a description. Keys of entries in lists (`tools[].name`) explain themselves. */
function undescribed(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    ...(member.description === undefined ? [prefix + name] : []),
    ...undescribed(member, `${prefix}${name}.`),
  ])
}
