import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReasonCode, reasons } from '../../src/errors/reasons.ts'
import { obtainToken, revokeToken } from '../harness/obtain-token.ts'
import { callTool, type PostAnswer, postLegacy, postModern, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { startBrokenUpstream } from '../harness/upstreams/broken-upstream.ts'
import type { RunningUpstream } from '../harness/upstreams/listen.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: RunningUpstream
let gateway: TestGateway
let url: string
let token: string

beforeAll(async () => {
  upstream = await startBrokenUpstream()
  gateway = await startTestGateway({
    settings: { limits: { requestBodyBytes: 2_000_000, argumentsBytes: 1000, upstreamFirstByteSeconds: 0.3 } },
    servers: {
      broken: { upstream: upstream.url, inbound: ['sign-in', 'curated'] },
      other: { upstream: upstream.url, inbound: ['sign-in'] },
      down: { upstream: 'http://127.0.0.1:1/mcp', inbound: ['sign-in'] },
      limited: { upstream: upstream.url, inbound: ['sign-in', 'one-per-minute'] },
    },
    policies: {
      ...signIn(),
      curated: ['mcp-capability-filter-inbound', { deny: { tools: ['hidden'] } }],
      'one-per-minute': ['rate-limit-inbound', { rateLimitBy: 'user', requestsAllowed: 1, timeWindowMinutes: 1 }],
    },
  })
  url = gateway.server('broken')
  token = (await obtainToken(gateway.publicUrl, url)).accessToken
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** The refusal is the documented one, exactly one event says so, and the next call works. */
async function expectRefusal(answer: PostAnswer, reason: ReasonCode): Promise<void> {
  const declared = reasons[reason]
  expect({
    status: answer.status,
    code: answer.message?.error?.code,
    reason: answer.message?.error?.data?.reason,
  }).toEqual({
    status: declared.status,
    code: declared.code,
    reason,
  })
  await expectOneEvent(answer, reason)
}

async function expectOneEvent(answer: PostAnswer, reason: ReasonCode): Promise<void> {
  const requestId = answer.headers['x-request-id']
  expect(requestId).toMatch(/^[0-9a-f]{32}$/)
  await gateway.waitForEvent((event) => event.requestId === requestId)
  const healthy = await callTool(url, token, 'fine')
  expect(healthy.message?.result).toMatchObject({ content: [{ type: 'text', text: 'fine' }] })
  await gateway.waitForEvent((event) => event.requestId === healthy.headers['x-request-id'])
  const events = gateway.events().filter((event) => event.requestId === requestId)
  expect(events.map((event) => event.reason)).toEqual([reason])
  expect(JSON.stringify(events)).not.toContain(token)
}

const authorized = (extra: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...extra })
const listMessage = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

describe('messages that are not MCP', () => {
  const cases: [name: string, reason: ReasonCode, send: () => Promise<PostAnswer>][] = [
    ['malformed JSON', 'message_not_json', () => postRaw(url, '{"jsonrpc": nope', authorized())],
    ['an empty body', 'message_not_json', () => postRaw(url, '', authorized())],
    [
      'a batch of a revision without them',
      'message_batch',
      () => postRaw(url, `[${listMessage}]`, { ...authorized(), 'mcp-protocol-version': '2025-06-18' }),
    ],
    ['a bare string', 'message_invalid', () => postRaw(url, '"tools/list"', authorized())],
    ['a message without jsonrpc', 'message_invalid', () => postRaw(url, '{"id":1,"method":"ping"}', authorized())],
    [
      'a repeated member',
      'message_invalid',
      () => postRaw(url, '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}', authorized()),
    ],
    [
      'another content type',
      'message_content_type',
      () => postRaw(url, listMessage, authorized({ 'content-type': 'text/plain' })),
    ],
    ['no content type', 'message_content_type', () => postRaw(url, listMessage, authorized({ 'content-type': '' }))],
    [
      'an answer it may not send',
      'message_not_acceptable',
      () => postRaw(url, listMessage, authorized({ accept: 'text/html' })),
    ],
    ['too large a body', 'limit_body_exceeded', () => postRaw(url, `"${'x'.repeat(2_000_001)}"`, authorized())],
    ['an unknown method', 'message_method_unknown', () => postModern(url, token, 'tools/steal')],
    [
      'an unknown revision',
      'message_version_unsupported',
      () => postRaw(url, listMessage, authorized({ 'mcp-protocol-version': '1999-01-01' })),
    ],
    [
      'a method header that lies',
      'message_header_mismatch',
      () => postModern(url, token, 'tools/list', {}, { 'mcp-method': 'ping' }),
    ],
    [
      'a name header that lies',
      'message_header_mismatch',
      () => postModern(url, token, 'tools/call', { name: 'fine' }, { 'mcp-name': 'html' }),
    ],
    [
      'a missing method header',
      'message_header_mismatch',
      () => postModern(url, token, 'tools/list', {}, { 'mcp-method': '' }),
    ],
    [
      'an incomplete envelope',
      'message_envelope_incomplete',
      () => postRaw(url, listMessage, authorized({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' })),
    ],
    [
      'too large arguments',
      'limit_arguments_exceeded',
      () => postLegacy(url, token, 'tools/call', { name: 'fine', arguments: { text: 'x'.repeat(2000) } }),
    ],
    [
      'too deep arguments',
      'limit_arguments_exceeded',
      () => postLegacy(url, token, 'tools/call', { name: 'fine', arguments: nest(70) }),
    ],
    [
      'a session of nobody',
      'session_unknown',
      () => postRaw(url, listMessage, authorized({ 'mcp-session-id': 'made-up' })),
    ],
  ]

  it.each(cases)('%s is refused with %s', async (_, reason, send) => {
    await expectRefusal(await send(), reason)
  })

  it('echoes the id of what it refuses', async () => {
    const answer = await postModern(url, token, 'tools/steal')
    expect(answer.message?.id).toBe(1)
  })
})

describe('who may call', () => {
  it('a missing token is challenged', async () => {
    const answer = await postRaw(url, listMessage)
    await expectRefusal(answer, 'token_missing')
    expect(answer.headers['www-authenticate']).toContain(
      `resource_metadata="${gateway.publicUrl}/.well-known/oauth-protected-resource/mcp/broken"`,
    )
  })

  it('a made-up token is refused', async () => {
    await expectRefusal(await callTool(url, 'sp_at_made-up', 'fine'), 'token_invalid')
  })

  it('a revoked token is refused', async () => {
    const { clientId, accessToken } = await obtainToken(gateway.publicUrl, url)
    expect((await callTool(url, accessToken, 'fine')).status).toBe(200)
    await revokeToken(gateway.publicUrl, clientId, accessToken)
    await expectRefusal(await callTool(url, accessToken, 'fine'), 'token_revoked')
  })

  it('a token of another virtual server is refused', async () => {
    await expectRefusal(await callTool(gateway.server('other'), token, 'fine'), 'token_wrong_audience')
  })

  it('a token in the query is refused, also next to a good header', async () => {
    await expectRefusal(await postRaw(`${url}?access_token=${token}`, listMessage), 'token_misplaced')
    await expectRefusal(await postRaw(`${url}?access_token=${token}`, listMessage, authorized()), 'token_misplaced')
  })

  it('another scheme than Bearer is refused', async () => {
    await expectRefusal(await postRaw(url, listMessage, { authorization: 'Basic YTpi' }), 'token_misplaced')
  })

  it('a page of another origin is refused before its token is looked at', async () => {
    await expectRefusal(
      await postRaw(url, listMessage, authorized({ origin: 'https://evil.example' })),
      'origin_not_allowed',
    )
  })

  it('a foreign Host is refused', async () => {
    await expectRefusal(await postRaw(url, listMessage, authorized({ host: 'evil.example' })), 'host_not_allowed')
  })

  it('more calls than allowed are refused with the time to wait', async () => {
    const limited = gateway.server('limited')
    const { accessToken } = await obtainToken(gateway.publicUrl, limited, 'busy')
    expect((await callTool(limited, accessToken, 'fine')).status).toBe(200)
    const answer = await callTool(limited, accessToken, 'fine')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.message?.id).toBe(1)
    await expectRefusal(answer, 'limit_rate_exceeded')
  })
})

describe('capabilities that are not there', () => {
  it('a hidden tool looks unknown', async () => {
    await expectRefusal(await callTool(url, token, 'hidden'), 'capability_not_allowed')
  })

  it('an unknown tool is answered by the upstream', async () => {
    const answer = await callTool(url, token, 'unknown-tool')
    expect(answer.message?.error?.code).toBe(-32602)
    await expectOneEvent(answer, 'capability_unknown')
  })

  it('a tool that fails is passed on and recorded', async () => {
    const answer = await callTool(url, token, 'tool-error')
    expect(answer.message?.result).toMatchObject({ isError: true })
    await expectOneEvent(answer, 'capability_failed')
  })
})

describe('upstreams that misbehave', () => {
  const cases: [fault: string, reason: ReasonCode][] = [
    ['html', 'upstream_protocol_error'],
    ['bad-json', 'upstream_protocol_error'],
    ['other-id', 'upstream_protocol_error'],
    ['hang', 'upstream_timeout'],
    ['die-before-answer', 'upstream_unreachable'],
    ['die-mid-json', 'upstream_disconnected'],
    ['unauthorized', 'upstream_unauthorized'],
    ['forbidden', 'upstream_unauthorized'],
    ['busy', 'upstream_rate_limited'],
    ['crash', 'upstream_refused'],
    ['redirect', 'upstream_refused'],
    ['huge', 'limit_response_exceeded'],
  ]

  it.each(cases)('%s is answered with %s', async (fault, reason) => {
    const answer = await callTool(url, token, fault)
    expect(answer.text).not.toContain('hunter2')
    await expectRefusal(answer, reason)
  })

  it.each([
    ['die-mid-sse', 'upstream_disconnected'],
    ['end-without-answer', 'upstream_disconnected'],
    ['huge-event', 'limit_response_exceeded'],
  ] as const)('%s ends the stream with %s', async (fault, reason) => {
    const answer = await callTool(url, token, fault)
    expect(answer.message?.error?.data?.reason).toBe(reason)
    expect(answer.message?.id).toBe(1)
    await expectOneEvent(answer, reason)
  })

  it.each(['bad-json', 'other-id'])('%s in a list is answered with upstream_protocol_error', async (fault) => {
    await expectRefusal(await postModern(`${url}?fault=${fault}`, token, 'tools/list'), 'upstream_protocol_error')
  })

  it('passes the time to wait on', async () => {
    expect((await callTool(url, token, 'busy')).headers['retry-after']).toBe('7')
  })

  it('a slow but sound answer arrives whole', async () => {
    const answer = await callTool(url, token, 'drip')
    expect(answer.message?.result).toMatchObject({ content: [{ type: 'text', text: 'slow but sound' }] })
  })

  it('an upstream that is down is named as such', async () => {
    const down = gateway.server('down')
    const { accessToken } = await obtainToken(gateway.publicUrl, down)
    await expectRefusal(await callTool(down, accessToken, 'fine'), 'upstream_unreachable')
  })
})

function nest(depth: number): object {
  return depth === 0 ? {} : { deeper: nest(depth - 1) }
}
