import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../errors/gateway-error.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import { refuseForMember } from './refuse-for-member.ts'

const modern = { era: 'modern', protocolVersion: '2026-07-28' } as const
const call = createMessage(modern, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x' } })
const read = createMessage(modern, { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'x' } })
const challenge = { 'www-authenticate': 'Bearer scope="x"' }

function textOf(refusal: GatewayError): string {
  const answer = refuseForMember(refusal, call, 'linear')
  if (answer instanceof GatewayError || answer.kind !== 'json') throw new Error('not an answer')
  expect(answer).toMatchObject({ status: 200, isOwn: true, refusal })
  const { result } = JSON.parse(answer.body.toString()) as { result: { isError: boolean; content: { text: string }[] } }
  expect(result.isError).toBe(true)
  return result.content[0]?.text ?? ''
}

describe('a refusal of a member', () => {
  it('of a tool is told to the model, with the member and when to try again', () => {
    const limited = new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': '7' } })
    expect(textOf(limited)).toMatch(/^linear: .* \(limit_rate_exceeded\) Try again in 7 seconds\.$/)
    expect(textOf(new GatewayError('upstream_timeout'))).toContain('linear: The upstream did not answer in time.')
  })

  it('of something else is an error in an answer of 200, without a challenge', () => {
    const refused = refuseForMember(
      new GatewayError('token_insufficient_scope', { headers: challenge }),
      read,
      'linear',
    )
    expect(refused).toBeInstanceOf(GatewayError)
    expect(refused).toMatchObject({ status: 200, reason: 'token_insufficient_scope' })
    expect((refused as GatewayError).details.headers).toBeUndefined()
    expect((refused as GatewayError).message).toMatch(/^linear: /)
  })

  it.each(['message_capability_missing', 'capability_not_allowed', 'message_method_unknown'] as const)(
    '%s keeps what the protocol prescribes',
    (reason) => {
      const original = new GatewayError(reason, { data: { requiredCapabilities: { sampling: {} } } })
      const { status, code, message, details } = refuseForMember(original, call, 'linear') as GatewayError
      expect({ status, code, message }).toEqual({
        status: original.status,
        code: original.code,
        message: original.message,
      })
      expect(details.data).toEqual(original.details.data)
    },
  )

  it('about a connection keeps the link', () => {
    const elicitations = [{ mode: 'url', url: 'https://gateway.example/connect' }]
    const original = new GatewayError('connection_required', { code: -32042, data: { elicitations } })
    expect(refuseForMember(original, call, 'linear')).toMatchObject({
      code: -32042,
      details: { data: { elicitations } },
    })
  })
})
