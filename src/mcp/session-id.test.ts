import { expect, test } from 'vitest'
import type { Exchange } from '../contracts/exchange.ts'
import { createTokenSealer } from '../lib/seal-token.ts'
import { openSessionId, sealSessionId } from './session-id.ts'

const sealer = createTokenSealer(Buffer.alloc(32, 7))
const subject = { id: 'consumer:billing', tenant: 'acme', clientId: 'key_1', scopes: [], data: {} }

function exchangeOf(changes: Partial<Exchange> = {}): Exchange {
  return { routeName: 'tracker', tenant: 'acme', subject, ...changes } as unknown as Exchange
}

test('a session id opens for the very caller it was sealed for', () => {
  expect(openSessionId(sealer, sealSessionId(sealer, 'upstream-1', exchangeOf()), exchangeOf())).toBe('upstream-1')
})

test.each<[string, Partial<Exchange>]>([
  ['route', { routeName: 'payroll' }],
  ['tenant, where everything is called the same', { tenant: 'globex', subject: { ...subject, tenant: 'globex' } }],
  ['tenant, where nobody is known', { tenant: 'globex', subject: undefined }],
  ['subject', { subject: { ...subject, id: 'consumer:other' } }],
  ['client', { subject: { ...subject, clientId: 'key_2' } }],
])('and for no other %s', (_what, changes) => {
  const mine = exchangeOf('subject' in changes && changes.subject === undefined ? { subject: undefined } : {})
  expect(openSessionId(sealer, sealSessionId(sealer, 'upstream-1', mine), exchangeOf(changes))).toBeUndefined()
})
