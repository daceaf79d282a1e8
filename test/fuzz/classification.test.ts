import { expect, test } from 'vitest'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { isJsonObject } from '../../src/lib/json.ts'
import { isAmbiguous } from '../../src/mcp/check-ambiguity.ts'
import { isNestingWithin } from '../../src/mcp/check-arguments.ts'
import { classifyMessage, idOf } from '../../src/mcp/classify-message.ts'
import { createDice, type Dice, mutateBytes, mutateJson } from './mutate.ts'
import { clientMessages, serverMessages } from './recorded-traffic.ts'
import { tryInputs } from './runs.ts'

const donors = [...clientMessages, ...serverMessages]
const versions = ['2026-07-28', '2025-11-25', '2025-03-26', '9', '', 'x'.repeat(300)]

function headersOf(message: unknown, dice: Dice) {
  const headers: Record<string, string> = {}
  if (dice.roll(3) > 0) headers['mcp-protocol-version'] = dice.pick(versions)
  const { method, params } = isJsonObject(message) ? message : {}
  if (dice.roll(3) > 0) headers['mcp-method'] = typeof method === 'string' ? method : 'tools/call'
  const name = isJsonObject(params) ? (params.name ?? params.uri) : undefined
  if (dice.roll(3) > 0) headers['mcp-name'] = typeof name === 'string' ? name : '=?base64?w7w=?='
  return headers
}

/** What receiveMessage does with a body, and what may come of it. */
function receive(bytes: Buffer, dice: Dice): void {
  if (!isNestingWithin(bytes, 2000)) return
  const text = bytes.toString('utf8')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return
  }
  const message = classifyMessage(headersOf(body, dice), body, bytes)
  if (message instanceof GatewayError) {
    if (!Number.isInteger(message.code) || message.status < 200) throw new Error(`refused as ${message.reason}`)
    const id = idOf(body)
    if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') throw new Error('an id of another type')
    return
  }
  if (message.kind === 'request' && message.id === undefined) throw new Error('a request without an id')
  if (message.kind !== 'response' && message.method === '') throw new Error('a message without a method')
  if (message.name !== undefined && typeof message.name !== 'string') throw new Error('a name that is no text')
  isAmbiguous(text, message.body)
  void message.clientInfo
}

test('every changed message is classified or refused with a code, and nothing is thrown', () => {
  tryInputs(0.3, (seed) => {
    const dice = createDice(seed)
    receive(Buffer.from(JSON.stringify(mutateJson(dice.pick(clientMessages), dice, donors))), dice)
  })
  tryInputs(0.1, (seed) => {
    const dice = createDice(seed)
    receive(mutateBytes(Buffer.from(JSON.stringify(dice.pick(clientMessages))), dice), dice)
  })
})

test('the messages that the changes begin with are all accepted as they are', () => {
  for (const message of clientMessages) {
    const { method, params } = message as { method?: string; params?: Record<string, unknown> }
    const meta = params?.['_meta'] as Record<string, unknown> | undefined
    const isModern = meta !== undefined && 'io.modelcontextprotocol/protocolVersion' in meta
    const named = params?.['name'] ?? params?.['uri']
    const name = typeof named === 'string' ? named : undefined
    const encoded = name === 'ünï' ? `=?base64?${Buffer.from('ünï').toString('base64')}?=` : name
    const headers = {
      'mcp-protocol-version': isModern ? '2026-07-28' : '2025-11-25',
      ...(isModern && method !== undefined && { 'mcp-method': method }),
      ...(isModern && encoded !== undefined && { 'mcp-name': encoded }),
    }
    const classified = classifyMessage(headers, message, Buffer.from(JSON.stringify(message)))
    expect(classified instanceof GatewayError ? `${method}: ${classified.reason}` : classified.era).toBe(
      isModern ? 'modern' : 'legacy',
    )
  }
})
