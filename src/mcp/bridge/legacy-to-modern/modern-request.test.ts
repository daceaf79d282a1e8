import { expect, it } from 'vitest'
import { addEnvelope, createModernRequest } from './modern-request.ts'

const client = { protocolVersion: '2025-06-18', clientInfo: { name: 'c', version: '1' }, capabilities: {} }
const envelope = { client, capabilities: { roots: {} }, logLevel: undefined, progressToken: undefined }
const required = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { roots: {} },
}

it('a request has its envelope also where it had no parameters', () => {
  expect(addEnvelope(undefined, envelope)).toEqual({ _meta: required })
})

it("members of others stay; the progress token is the gateway's own", () => {
  const params = {
    name: 't',
    extra: [1],
    task: { ttl: 1 },
    _meta: { progressToken: 1, 'com.example/a': 'b', traceparent: 't' },
  }
  expect(addEnvelope(params, { ...envelope, progressToken: 'ours', logLevel: 'info' })).toEqual({
    name: 't',
    extra: [1],
    _meta: {
      'com.example/a': 'b',
      traceparent: 't',
      progressToken: 'ours',
      ...required,
      'io.modelcontextprotocol/logLevel': 'info',
    },
  })
  expect(addEnvelope(params, envelope)['_meta']).not.toHaveProperty('progressToken')
})

it.each([
  ['tools/call', { name: 'echo' }, 'echo'],
  ['resources/read', { uri: 'file:///a' }, 'file:///a'],
  ['tools/list', { name: 'x' }, undefined],
])('%s names %j', (method, params, name) => {
  const request = createModernRequest(method, params, 'id')
  expect(request.name).toBe(name)
  expect(JSON.parse(request.bytes.toString())).toEqual({ jsonrpc: '2.0', id: 'id', method, params })
})
