import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { classifyMessage } from '../../mcp/classify-message.ts'
import { mayShowOtherEra, saysNothingOfEra, showsOtherEra } from './shows-other-era.ts'

const modernMessage = (method: string) => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const name = method === 'tools/call' ? 't' : undefined
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...(name && { name }), _meta } }
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(name && { 'mcp-name': name }) }
  const message = classifyMessage(headers, body, Buffer.from(JSON.stringify(body)))
  if (message instanceof GatewayError) throw message
  return message
}

const legacyMessage = (method: string) => {
  const body = { jsonrpc: '2.0', id: 1, method, params: { name: 't' } }
  const message = classifyMessage({}, body, Buffer.from(JSON.stringify(body)))
  if (message instanceof GatewayError) throw message
  return message
}

const answer = (status: number, body: unknown, contentType = 'application/json'): UpstreamAnswer => ({
  kind: 'json',
  status,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  headers: {},
  upstreamMs: 0,
  responseHeaders: { 'content-type': contentType },
})
const error = (status: number, code: unknown, data?: object, id: unknown = null): UpstreamAnswer =>
  answer(status, { jsonrpc: '2.0', id, error: { code, message: 'm', data } })

describe('what an upstream answers to 2026-07-28', () => {
  it.each([
    ['discovery that is not there, in-band', 'server/discover', error(200, -32601, undefined, 1), true],
    ['discovery that is not there, as 404', 'server/discover', error(404, -32601), true],
    ['a missing session', 'server/discover', error(400, -32000), true],
    ['a page', 'server/discover', answer(404, '<html>', 'text/html'), true],
    ['nothing', 'server/discover', answer(405, ''), true],
    ['an error that is no number', 'server/discover', error(400, 'bad_request'), true],
    ['parameters that it does not like', 'server/discover', error(400, -32602), true],
    ['what it supports', 'server/discover', answer(200, { jsonrpc: '2.0', id: 1, result: {} }), false],
    ['another version of the envelope', 'server/discover', error(400, -32022, { supported: ['2027-01-01'] }), false],
    ['older revisions only', 'server/discover', error(400, -32022, { supported: ['2025-11-25'] }), true],
    ['headers that differ', 'server/discover', error(400, -32020), false],
    ['a capability that is missing', 'tools/call', error(400, -32021), false],
    ['a missing session, for a call', 'tools/call', error(400, -32000), true],
    ['an unknown tool', 'tools/call', error(200, -32602), false],
    ['a method behind a capability', 'prompts/list', error(404, -32601), false],
    ['401', 'server/discover', answer(401, ''), false],
    ['403', 'server/discover', answer(403, ''), false],
    ['429', 'server/discover', answer(429, ''), false],
    ['502', 'server/discover', answer(502, '<html>', 'text/html'), false],
    ['a redirect', 'server/discover', answer(302, ''), false],
  ])('%s', (_, method, received, shows) => {
    const message = modernMessage(method)
    expect(mayShowOtherEra(received, message) && showsOtherEra(received, message)).toBe(shows)
  })
})

describe('what an upstream answers to older revisions', () => {
  it.each([
    ['initialize that is not there', 'initialize', error(404, -32601), true],
    ['a missing envelope', 'tools/call', error(400, -32602), true],
    ['an unknown tool', 'tools/call', error(200, -32602), false],
    ['an agreement', 'initialize', answer(200, { jsonrpc: '2.0', id: 1, result: {} }), false],
    ['401', 'initialize', answer(401, ''), false],
    ['503', 'initialize', answer(503, ''), false],
  ])('%s', (_, method, received, shows) => {
    const message = legacyMessage(method)
    expect(mayShowOtherEra(received, message) && showsOtherEra(received, message)).toBe(shows)
  })
})

it.each([401, 403, 408, 429, 500, 503])('%i says nothing of an era', (status) => {
  expect(saysNothingOfEra(answer(status, ''))).toBe(true)
})

it('the answer of a call that went well is not looked at', () => {
  expect(mayShowOtherEra(answer(200, {}), modernMessage('tools/call'))).toBe(false)
  expect(mayShowOtherEra(answer(200, {}), legacyMessage('tools/call'))).toBe(false)
})
