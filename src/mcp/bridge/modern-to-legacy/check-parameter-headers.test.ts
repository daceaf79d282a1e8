import { expect, it } from 'vitest'
import { checkParameterHeaders, findMirroredTools } from './check-parameter-headers.ts'

const properties = {
  region: { type: 'string', 'x-mcp-header': 'Region' },
  count: { type: 'integer', 'x-mcp-header': 'Count' },
  other: { type: 'string' },
}
const tools = [
  { name: 'plain', inputSchema: {} },
  { name: 'mirrored', inputSchema: { type: 'object', properties } },
]
const mirrored = findMirroredTools({ tools }).get('mirrored') ?? []

it('knows the tools with arguments in headers', () => {
  expect([...findMirroredTools({ tools }).keys()]).toEqual(['mirrored'])
  expect(findMirroredTools({ tools: 'none' }).size).toBe(0)
})

it.each([
  ['as sent', { region: 'eu' }, { 'mcp-param-region': 'eu' }, true],
  ['encoded', { region: 'ü' }, { 'mcp-param-region': '=?base64?w7w=?=' }, true],
  ['another value', { region: 'eu' }, { 'mcp-param-region': 'us' }, false],
  ['no header', { region: 'eu' }, {}, false],
  ['malformed', { region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }, false],
  ['an argument that is absent', { other: 'x' }, {}, true],
  ['an argument that is null', { region: null }, {}, true],
  ['the same number', { count: 7 }, { 'mcp-param-count': '7.0' }, true],
  ['another number', { count: 7 }, { 'mcp-param-count': '70' }, false],
])('%s', (_, callArguments, headers, isFine) => {
  const refusal = checkParameterHeaders(mirrored, callArguments, headers)
  expect(refusal?.code).toBe(isFine ? undefined : -32020)
})
