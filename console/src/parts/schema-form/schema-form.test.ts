import { MantineProvider } from '@mantine/core'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, it } from 'vitest'
import type { JsonSchema } from '../editor/json-schema.ts'
import { listProperties, withMember } from './form-values.ts'
import { SchemaForm } from './schema-form.tsx'

function render(schema: JsonSchema): string {
  const form = createElement(SchemaForm, { label: 'Arguments', schema, value: {}, onChange: () => undefined })
  return renderToString(createElement(MantineProvider, { children: form }))
}

it('has a field for every property, those that must be there first', () => {
  const schema: JsonSchema = {
    type: 'object',
    required: ['title'],
    properties: {
      labels: { type: 'array', items: { type: 'string' } },
      status: { enum: ['open', 'closed'] },
      title: { type: 'string', title: 'Title of the issue' },
      limit: { type: 'integer' },
    },
  }
  expect(listProperties(schema).map(({ name }) => name)).toEqual(['title', 'labels', 'status', 'limit'])
  const html = render(schema)
  for (const label of ['Title of the issue', 'labels', 'status', 'limit']) expect(html).toContain(label)
})

it('ends where a schema holds itself: the rest is written as JSON', () => {
  const html = render({ type: 'object', properties: { child: { $ref: '#' } } })
  expect(html.split('<fieldset').length).toBeLessThan(8)
  expect(html).toContain('As JSON.')
})

it('shows what a stranger wrote as text', () => {
  const html = render({
    type: 'object',
    properties: { a: { type: 'string', description: '<img src=x onerror=alert(1)>' } },
  })
  expect(html).not.toContain('<img')
  expect(html).toContain('&lt;img')
})

it('leaves a member out where it is cleared', () => {
  expect(withMember({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 })
  expect(withMember({ b: 2 }, 'a', '')).toEqual({ b: 2, a: '' })
})
