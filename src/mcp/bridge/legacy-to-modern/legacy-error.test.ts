import { describe, expect, it } from 'vitest'
import { legacyError } from './legacy-error.ts'

describe('an error', () => {
  it.each([
    [{ code: -32601, message: 'Method not found', data: { a: 1 } }],
    [{ code: -32602, message: 'Unknown tool: x' }],
    [{ code: 4711, message: 'of the application', data: [1], more: true }],
  ])('passes as it is: %j', (error) => {
    expect(legacyError(error, 'tools/call')).toEqual({ error })
  })

  it.each([-32020, -32022])('about the hop of the gateway (%i) does not reach a client', (code) => {
    const { error } = legacyError({ code, message: 'no', data: { supported: [] } }, 'tools/call') as { error: object }
    expect(error).toEqual({ code: -32603, message: 'The upstream refused the request: no' })
  })

  it('about a missing capability is for the model where a tool was called', () => {
    const error = { code: -32021, message: 'No', data: { requiredCapabilities: { sampling: {} } } }
    expect(legacyError(error, 'tools/call')).toEqual({
      result: {
        content: [{ type: 'text', text: 'The MCP client cannot do what this needs: No. It needs: sampling.' }],
        isError: true,
      },
    })
    expect(legacyError(error, 'prompts/get')).toMatchObject({ error: { code: -32603 } })
  })

  it.each([
    ['resources/read', { code: -32602, message: 'Resource not found' }, -32002],
    ['resources/read', { code: -32602, message: 'no', data: { uri: 'file:///x' } }, -32002],
    ['resources/read', { code: -32602, message: 'params.uri is no URI' }, -32602],
    ['tools/call', { code: -32602, message: 'Tool not found' }, -32602],
  ])('%s with %j is %i', (method, error, code) => {
    expect(legacyError(error, method)).toEqual({ error: { ...error, code } })
  })
})
