import { expect, it } from 'vitest'
import { type JsonSchema, listAlternatives, listSchemasAt } from './json-schema.ts'

const schema: JsonSchema = {
  type: 'object',
  $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, name: { type: 'string' } } } },
  properties: {
    listen: { anyOf: [{ type: 'string' }, { type: 'object', properties: { port: { type: 'integer' } } }] },
    servers: { type: 'array', items: { $ref: '#/$defs/node' } },
  },
  patternProperties: { '^x-': { type: 'boolean' } },
  additionalProperties: { type: 'number' },
}

const typesAt = (...path: (string | number)[]) => listSchemasAt(schema, path).flatMap(({ type }) => type ?? [])

it('follows names, indexes, references and alternatives', () => {
  expect(typesAt('listen')).toEqual(['string', 'object'])
  expect(typesAt('listen', 'port')).toEqual(['integer'])
  expect(typesAt('servers', 3, 'next', 'next', 'name')).toEqual(['string'])
})

it('knows properties by pattern, and all others', () => {
  expect(typesAt('x-flag')).toEqual(['boolean'])
  expect(typesAt('anything')).toEqual(['number'])
})

it('ends where a schema refers to itself without end', () => {
  const endless: JsonSchema = { $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' }
  expect(listAlternatives(endless, endless).length).toBeLessThan(50)
})

it('takes no longer for a schema that refers to itself many times over', () => {
  const many = Array.from({ length: 200 }, (_, index) => ({ $ref: `#/$defs/n${index % 20}` }))
  const names = Array.from({ length: 20 }, (_, index) => [`n${index}`, { anyOf: many }] as const)
  const hostile: JsonSchema = { $defs: Object.fromEntries(names), anyOf: many }
  expect(listAlternatives(hostile, hostile).length).toBeLessThan(500)
})

it('survives a pattern that is none', () => {
  expect(listSchemasAt({ patternProperties: { '(': { type: 'string' } } }, ['a'])).toEqual([])
})
