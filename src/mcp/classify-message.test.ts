import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { classifyMessage } from './classify-message.ts'

const version = '2026-07-28'
const envelope = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'probe', version: '1' },
}

function classify(body: unknown, headers: Record<string, string> = {}) {
  return classifyMessage(headers, body, Buffer.from(JSON.stringify(body)))
}

function reasonOf(body: unknown, headers: Record<string, string> = {}) {
  const classified = classify(body, headers)
  return classified instanceof GatewayError ? [classified.reason, classified.status, classified.code] : classified
}

function modernCall(params: object = { name: 'echo', _meta: envelope }) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
}

const modernHeaders = { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': 'echo' }

describe('2026-07-28', () => {
  it('classifies by the envelope and keeps unknown members', () => {
    const body = { ...modernCall(), 'com.example/extra': true }
    expect(classify(body, modernHeaders)).toMatchObject({
      kind: 'request',
      era: 'modern',
      protocolVersion: version,
      method: 'tools/call',
      name: 'echo',
      id: 1,
      clientInfo: { name: 'probe', version: '1' },
      body,
    })
  })

  it.each([
    ['version header missing', { 'mcp-method': 'tools/call', 'mcp-name': 'echo' }],
    ['version header differs', { ...modernHeaders, 'mcp-protocol-version': '2025-11-25' }],
    ['Mcp-Method missing', { 'mcp-protocol-version': version, 'mcp-name': 'echo' }],
    ['Mcp-Method differs', { ...modernHeaders, 'mcp-method': 'tools/list' }],
    ['Mcp-Name missing', { 'mcp-protocol-version': version, 'mcp-method': 'tools/call' }],
    ['Mcp-Name differs', { ...modernHeaders, 'mcp-name': 'other' }],
    ['Mcp-Name twice', { ...modernHeaders, 'mcp-name': 'echo, echo' }],
    ['Mcp-Name is a broken sentinel', { ...modernHeaders, 'mcp-name': '=?base64?!?=' }],
  ])('refuses a request whose %s (-32020)', (_, headers) => {
    expect(reasonOf(modernCall(), headers)).toEqual(['message_header_mismatch', 400, -32020])
  })

  it('decodes a Base64 sentinel before it compares', () => {
    const name = 'größe'
    const headers = { ...modernHeaders, 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` }
    expect(classify(modernCall({ name, _meta: envelope }), headers)).toMatchObject({ name })
  })

  it('refuses an incomplete envelope (-32602)', () => {
    const { 'io.modelcontextprotocol/clientCapabilities': _, ...partial } = envelope
    expect(reasonOf(modernCall({ name: 'echo', _meta: partial }), modernHeaders)).toEqual([
      'message_envelope_incomplete',
      400,
      -32602,
    ])
    expect(reasonOf(modernCall({ name: 'echo' }), modernHeaders)).toEqual(['message_envelope_incomplete', 400, -32602])
  })

  it('names every served revision when the asked one is not (-32022)', () => {
    const later = '2027-01-01'
    const refusal = classify(
      modernCall({ name: 'echo', _meta: { ...envelope, 'io.modelcontextprotocol/protocolVersion': later } }),
      { ...modernHeaders, 'mcp-protocol-version': later },
    )
    expect(refusal).toMatchObject({
      reason: 'message_version_unsupported',
      details: { data: { supported: [version], requested: later } },
    })
  })

  it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'no/such'])(
    'does not have %s (404 -32601)',
    (method) => {
      const body = { jsonrpc: '2.0', id: 1, method, params: { _meta: envelope, uri: 'a:b' } }
      const headers = { 'mcp-protocol-version': version, 'mcp-method': method }
      expect(reasonOf(body, headers)).toEqual(['message_method_unknown', 404, -32601])
    },
  )
})

describe('2025-11-25 and older', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])('takes a request of %s', (header) => {
    const body = { jsonrpc: '2.0', id: 'a', method: 'tools/list' }
    expect(classify(body, { 'mcp-protocol-version': header })).toMatchObject({ era: 'legacy', protocolVersion: header })
  })

  it('takes a request without a version header, and stray Mcp-* headers', () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect(classify(body, { 'mcp-method': 'something/else' })).toMatchObject({
      era: 'legacy',
      protocolVersion: undefined,
    })
  })

  it('lets initialize negotiate whatever the header says', () => {
    const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'probe', version: '1' } }
    const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
    expect(classify(body, { 'mcp-protocol-version': '1999-01-01' })).toMatchObject({
      era: 'legacy',
      method: 'initialize',
      clientInfo: { name: 'probe', version: '1' },
    })
  })

  it('refuses an unknown version', () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect(reasonOf(body, { 'mcp-protocol-version': '1999-01-01' })).toEqual([
      'message_version_unsupported',
      400,
      -32022,
    ])
  })

  it('answers an unknown method in-band', () => {
    expect(reasonOf({ jsonrpc: '2.0', id: 1, method: 'no/such' })).toEqual(['message_method_unknown', 200, -32601])
  })

  it('tells notifications and responses apart', () => {
    expect(classify({ jsonrpc: '2.0', method: 'notifications/initialized' })).toMatchObject({ kind: 'notification' })
    expect(classify({ jsonrpc: '2.0', id: 7, result: {} })).toMatchObject({ kind: 'response', id: 7 })
    expect(reasonOf({ jsonrpc: '2.0', id: 7, result: {} }, { 'mcp-protocol-version': version })).toEqual([
      'message_invalid',
      400,
      -32600,
    ])
  })
})

it.each([
  ['a string', 'x'],
  ['null', null],
  ['no jsonrpc', { id: 1, method: 'ping' }],
  ['jsonrpc 1.0', { jsonrpc: '1.0', id: 1, method: 'ping' }],
  ['id null', { jsonrpc: '2.0', id: null, method: 'ping' }],
  ['id object', { jsonrpc: '2.0', id: {}, method: 'ping' }],
  ['method number', { jsonrpc: '2.0', id: 1, method: 1 }],
  ['params array', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }],
  ['neither method nor result', { jsonrpc: '2.0', id: 1 }],
])('refuses a body that is not a message: %s', (_, body) => {
  expect(reasonOf(body)).toEqual(['message_invalid', 400, -32600])
})

it('refuses batches', () => {
  expect(reasonOf([{ jsonrpc: '2.0', id: 1, method: 'ping' }])).toEqual(['message_batch', 400, -32600])
})

it('refuses a call that names nothing', () => {
  expect(reasonOf({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })).toEqual([
    'message_invalid',
    400,
    -32602,
  ])
})
