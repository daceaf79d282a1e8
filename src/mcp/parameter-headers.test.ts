import { describe, expect, it } from 'vitest'
import { findParameterHeaders, mirrorArguments } from './parameter-headers.ts'

const annotated = (schema: object) => ({ type: 'object', properties: { region: schema } })
const region = { type: 'string', 'x-mcp-header': 'Region' }

describe('annotated arguments', () => {
  it('are found at every depth of properties', () => {
    const schema = {
      type: 'object',
      properties: { region, at: { type: 'object', properties: { zone: { type: 'integer', 'x-mcp-header': 'Zone' } } } },
    }
    expect(findParameterHeaders(schema)).toEqual([
      { header: 'mcp-param-region', path: ['region'] },
      { header: 'mcp-param-zone', path: ['at', 'zone'] },
    ])
  })

  it('are none in a schema without annotations, whatever its form', () => {
    expect(findParameterHeaders({ type: 'object', anyOf: [{ properties: { a: {} } }] })).toEqual([])
    expect(findParameterHeaders(undefined)).toEqual([])
  })

  it('may be called like the annotation', () => {
    const properties = { 'x-mcp-header': { type: 'string', 'x-mcp-header': 'Name' } }
    expect(findParameterHeaders({ type: 'object', properties })).toEqual([
      { header: 'mcp-param-name', path: ['x-mcp-header'] },
    ])
  })

  it.each([
    ['a number', annotated({ type: 'number', 'x-mcp-header': 'Region' })],
    ['an object', annotated({ type: 'object', 'x-mcp-header': 'Region' })],
    ['a name that is no token', annotated({ type: 'string', 'x-mcp-header': 'Re gion' })],
    ['a name with a line break', annotated({ type: 'string', 'x-mcp-header': 'Region\r\nHost' })],
    ['an empty name', annotated({ type: 'string', 'x-mcp-header': '' })],
    ['a name that is no text', annotated({ type: 'string', 'x-mcp-header': 1 })],
    ['the same name twice', { type: 'object', properties: { a: region, b: { ...region, 'x-mcp-header': 'REGION' } } }],
    ['below items', annotated({ type: 'array', items: region })],
    ['below anyOf', { type: 'object', anyOf: [annotated(region)] }],
    ['in a definition', { type: 'object', $defs: { region }, properties: {} }],
    ['the root', { type: 'object', 'x-mcp-header': 'Region' }],
  ])('make a tool unusable: %s', (_, schema) => {
    expect(findParameterHeaders(schema)).toBe('invalid')
  })
})

describe('headers of a call', () => {
  const headers = [
    { header: 'mcp-param-region', path: ['region'] },
    { header: 'mcp-param-zone', path: ['at', 'zone'] },
  ]

  it.each([
    [
      { region: 'eu', at: { zone: 3 } },
      { 'mcp-param-region': 'eu', 'mcp-param-zone': '3' },
    ],
    [{ region: true }, { 'mcp-param-region': 'true' }],
    [{ region: null, at: null }, {}],
    [{ region: 'Zürich' }, { 'mcp-param-region': '=?base64?WsO8cmljaA==?=' }],
    [{ region: 'a\r\nHost: b' }, { 'mcp-param-region': '=?base64?YQ0KSG9zdDogYg==?=' }],
    [{ region: ' ' }, { 'mcp-param-region': '=?base64?IA==?=' }],
    [undefined, {}],
  ])('of %j', (callArguments, expected) => {
    expect(mirrorArguments(headers, callArguments)).toEqual(expected)
  })
})
