import { describe, expect, it } from 'vitest'
import { legacyResult } from './legacy-result.ts'

const serverInfo = { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } }

describe('a result', () => {
  it('loses what only 2026-07-28 has', () => {
    const modern = { resultType: 'complete', prompts: [], ttlMs: 1, cacheScope: 'public', _meta: serverInfo, extra: 1 }
    expect(legacyResult(modern, 'prompts/list', false)).toEqual({ prompts: [], extra: 1 })
  })

  it('keeps the rest of its _meta', () => {
    expect(legacyResult({ _meta: { ...serverInfo, 'com.example/a': 1 } }, 'prompts/get', false)).toEqual({
      _meta: { 'com.example/a': 1 },
    })
  })
})

describe('a tool result', () => {
  const text = { type: 'text', text: 'hello' }

  it('with an object passes as it is', () => {
    const result = { content: [text], structuredContent: { a: [1] }, isError: false }
    expect(legacyResult(result, 'tools/call', false)).toEqual(result)
  })

  it.each([[[1, 2]], ['text'], [7], [false], [null]])('with %j is wrapped in an object, with a text copy', (value) => {
    expect(legacyResult({ content: [], structuredContent: value }, 'tools/call', false)).toEqual({
      content: [{ type: 'text', text: JSON.stringify(value) }],
      structuredContent: { result: value },
    })
  })

  it('with a text of its own gets no other', () => {
    expect(legacyResult({ content: [text], structuredContent: [1] }, 'tools/call', false)).toEqual({
      content: [text],
      structuredContent: { result: [1] },
    })
  })

  it('whose schema was wrapped is wrapped, too, so that the client can validate it', () => {
    expect(legacyResult({ content: [text], structuredContent: { a: 1 } }, 'tools/call', true)).toMatchObject({
      structuredContent: { result: { a: 1 } },
    })
  })
})

describe('a list of tools', () => {
  const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more })

  it('wraps the output schema that is not of an object, and leaves the others', () => {
    const object = tool('object', { outputSchema: { type: 'object', properties: {} }, execution: { x: 1 } })
    const list = tool('list', { outputSchema: { type: 'array' } })
    expect(legacyResult({ tools: [object, list, tool('none')] }, 'tools/list', false)).toEqual({
      tools: [
        object,
        tool('list', {
          outputSchema: { type: 'object', properties: { result: { type: 'array' } }, required: ['result'] },
        }),
        tool('none'),
      ],
    })
  })

  it('leaves out tools that nobody may call', () => {
    const inputSchema = { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }
    expect(legacyResult({ tools: [tool('bad', { inputSchema }), tool('good')] }, 'tools/list', false)).toEqual({
      tools: [tool('good')],
    })
  })
})
