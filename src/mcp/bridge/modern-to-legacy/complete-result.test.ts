import { describe, expect, it } from 'vitest'
import { completeResult } from './complete-result.ts'

const serverInfo = { name: 's', version: '1' }
const stamped = { 'io.modelcontextprotocol/serverInfo': serverInfo }

describe('a result of an older revision', () => {
  it('is complete, whatever it calls itself', () => {
    const result = { content: [{ type: 'future', x: 1 }], structuredContent: { a: 1 }, resultType: 'input_required' }
    expect(completeResult('tools/call', result, serverInfo)).toEqual({
      ...result,
      resultType: 'complete',
      _meta: stamped,
    })
  })

  it.each([
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'skills/list',
  ])('of %s holds for this caller, and not at all', (method) => {
    expect(completeResult(method, {}, undefined)).toEqual({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' })
  })

  it('holds as long as the upstream says, but never for everybody', () => {
    const result = { tools: [], ttlMs: 500, cacheScope: 'public' }
    expect(completeResult('tools/list', result, undefined)).toMatchObject({ ttlMs: 500, cacheScope: 'private' })
    expect(completeResult('tools/list', { tools: [], ttlMs: -1 }, undefined)).toMatchObject({ ttlMs: 0 })
  })

  it('lists no tool that can only be called as a task', () => {
    const tools = [
      { name: 'a' },
      { name: 'b', execution: { taskSupport: 'required' } },
      { name: 'c', execution: { taskSupport: 'optional', other: 1 } },
      { name: 'd', execution: { taskSupport: 'forbidden' } },
      'no object',
    ]
    expect(completeResult('tools/list', { tools }, undefined).tools).toEqual([
      { name: 'a' },
      { name: 'c', execution: { other: 1 } },
      { name: 'd' },
      'no object',
    ])
  })
})
