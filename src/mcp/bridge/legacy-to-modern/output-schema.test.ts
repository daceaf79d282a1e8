import { expect, it } from 'vitest'
import { wrapSchema } from './output-schema.ts'

it('wraps a schema, and its references with it', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'array',
    items: { anyOf: [{ $ref: '#/$defs/row' }, { $ref: '#' }, { $ref: 'https://example.com/row' }] },
    $defs: { row: { type: 'object', default: { $ref: '#/kept' } } },
  }
  expect(wrapSchema(schema)).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      result: {
        type: 'array',
        items: {
          anyOf: [
            { $ref: '#/properties/result/$defs/row' },
            { $ref: '#/properties/result' },
            { $ref: 'https://example.com/row' },
          ],
        },
        $defs: { row: { type: 'object', default: { $ref: '#/kept' } } },
      },
    },
    required: ['result'],
  })
})

it('leaves a schema with an id as it is: it is its own root', () => {
  const schema = { $id: 'https://example.com/list', type: 'array', items: { $ref: '#/$defs/row' } }
  expect(wrapSchema(schema)).toEqual({ type: 'object', properties: { result: schema }, required: ['result'] })
})

it.each([true, false])('wraps the schema %s', (schema) => {
  expect(wrapSchema(schema)).toEqual({ type: 'object', properties: { result: schema }, required: ['result'] })
})
