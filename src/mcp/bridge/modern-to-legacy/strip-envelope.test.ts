import { expect, it } from 'vitest'
import { stripEnvelope } from './strip-envelope.ts'

const body = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 't',
    arguments: { a: 1 },
    inputResponses: { r0: {} },
    requestState: 's',
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
      'io.modelcontextprotocol/logLevel': 'debug',
      progressToken: 'client-token',
      traceparent: '00-…-01',
      'com.example/own': true,
    },
  },
}

it('leaves the arguments, the trace and what is the client own, under the names of the hop', () => {
  expect(stripEnvelope(body, { id: 9, progressToken: 9 })).toEqual({
    jsonrpc: '2.0',
    id: 9,
    method: 'tools/call',
    params: {
      name: 't',
      arguments: { a: 1 },
      _meta: { progressToken: 9, traceparent: '00-…-01', 'com.example/own': true },
    },
  })
})

it('asks for no progress that the client did not ask for, and leaves out what is empty', () => {
  const { _meta: _, ...params } = body.params
  const envelope = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const sent = stripEnvelope({ ...body, params: { ...params, _meta: envelope } }, { id: 9, progressToken: undefined })
  expect(sent.params).toEqual({ name: 't', arguments: { a: 1 } })
})
