import { expect, it } from 'vitest'
import { legacyNotification, sessionNotification } from './legacy-notification.ts'

const progress = (progressToken: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: 1, total: 2, extra: true },
})

it.each(['mine', 0])('progress comes under the token of the client: %j', (token) => {
  expect(legacyNotification(progress('ours'), token, 'ours')).toEqual(progress(token))
})

it.each([
  ['that nobody asked for', 'ours', undefined],
  ['of another call', 'theirs', 'mine'],
])('progress %s does not come', (_, sent, token) => {
  expect(legacyNotification(progress(sent), token, 'ours')).toBeUndefined()
})

it('other notifications come as they are', () => {
  const message = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } }
  expect(legacyNotification(message, undefined, 'ours')).toBe(message)
})

const subscriptionId = { 'io.modelcontextprotocol/subscriptionId': 'L1' }

it.each([
  [{ method: 'notifications/subscriptions/acknowledged', params: { _meta: subscriptionId } }, undefined],
  [{ id: 1, method: 'elicitation/create' }, undefined],
  [{ id: 'L1', result: {} }, undefined],
  [
    { method: 'notifications/tools/list_changed', params: { _meta: subscriptionId } },
    { method: 'notifications/tools/list_changed' },
  ],
  [
    { method: 'notifications/resources/updated', params: { uri: 'a:b', _meta: { ...subscriptionId, x: 1 } } },
    { method: 'notifications/resources/updated', params: { uri: 'a:b', _meta: { x: 1 } } },
  ],
  [{ method: 'notifications/x' }, { method: 'notifications/x' }],
])('of a subscription: %j', (message, expected) => {
  expect(sessionNotification({ jsonrpc: '2.0', ...message })).toEqual(expected && { jsonrpc: '2.0', ...expected })
})
