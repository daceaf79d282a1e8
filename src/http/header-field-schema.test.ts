import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { upstreamHeaderName, upstreamHeaderValue } from './header-field-schema.ts'

const messageOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message

describe('names', () => {
  test('are lower case afterwards', () => {
    expect(upstreamHeaderName.parse('X-Api-Key')).toBe('x-api-key')
    expect(upstreamHeaderName.parse('Authorization')).toBe('authorization')
  })

  test.each(['', 'x api', 'x:api', 'x\r\nhost', 'é'])('%j is not a name', (name) => {
    expect(messageOf(upstreamHeaderName, name)).toMatch(/Not a header name/)
  })

  test.each([
    'Host',
    'Content-Type',
    'accept',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'upgrade',
    'Mcp-Session-Id',
    'mcp-method',
  ])('%s belongs to the gateway', (name) => {
    expect(messageOf(upstreamHeaderName, name)).toContain('computes')
  })
})

describe('values', () => {
  test('become secrets', () => {
    const value = upstreamHeaderValue.parse('Bearer abc def')
    expect(value.reveal()).toBe('Bearer abc def')
    expect(JSON.stringify({ value })).not.toContain('abc')
  })

  test.each(['', ' x', 'x ', 'a\r\nhost: b', 'a\nb', 'a\u0000b', 'a\u0100b'])('%j is refused, unrepeated', (value) => {
    const result = upstreamHeaderValue.safeParse(value)
    expect(result.success).toBe(false)
    if (value.length > 1) expect(messageOf(upstreamHeaderValue, value)).not.toContain(value)
  })
})

test('the schemas become JSON Schema for editors', () => {
  expect(z.toJSONSchema(upstreamHeaderName, { io: 'input' })).toMatchObject({
    type: 'string',
    pattern: expect.stringMatching(/./),
  })
  expect(z.toJSONSchema(upstreamHeaderValue, { io: 'input' })).toMatchObject({ type: 'string', minLength: 1 })
})
