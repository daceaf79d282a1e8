import { expect, it } from 'vitest'
import { type EventType, type GatewayEvent, newEvent } from '../analytics/event.ts'
import { auditDraftOf } from './select-events.ts'

const isKept = (type: EventType, facts: Partial<GatewayEvent> = {}) =>
  auditDraftOf(Object.assign(newEvent(type, 1, 'request'), facts), { toolCalls: false }) !== undefined

it.each<EventType>([
  'admin_refused',
  'admin_sign_in_failed',
  'auth_authorize_started',
  'auth_sign_in_failed',
  'auth_token_rejected',
  'auth_upstream_failed',
])('what anybody can make happen does not fill the trail, whatever client is named: %s', (type) => {
  const facts = { outcome: 'failure', clientId: 'https://client.example.com/metadata.json' } as const
  expect(isKept(type, facts)).toBe(false)
  expect(isKept(type, { ...facts, subject: 'ada' })).toBe(true)
})

it.each<EventType>(['auth_client_registered', 'auth_keys_rotated', 'auth_vault_rotated', 'auth_upstream_refreshed'])(
  'what changes something is kept, whoever did it: %s',
  (type) => {
    expect(isKept(type)).toBe(true)
  },
)

it('a shared credential that stops working under a call is kept', () => {
  expect(isKept('auth_upstream_failed', { outcome: 'failure', virtualServer: 'both' })).toBe(true)
})
