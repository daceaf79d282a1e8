import { expect, it } from 'vitest'
import { isMoreVerbose, placeNotification } from './filter-notification.ts'

const silent = { progressToken: undefined, logLevel: undefined }
const place = (method: string, params: object, wishes: object = {}) =>
  placeNotification({ jsonrpc: '2.0', method, params }, { ...silent, ...wishes }, 7).kind

it.each([
  ['nobody asked for progress', 'notifications/progress', { progressToken: 7 }, {}, 'nowhere'],
  ['progress of another call', 'notifications/progress', { progressToken: 8 }, { progressToken: 'c' }, 'nowhere'],
  ['progress of this call', 'notifications/progress', { progressToken: 7 }, { progressToken: 'c' }, 'call'],
  ['nobody asked for logs', 'notifications/message', { level: 'error' }, {}, 'nowhere'],
  ['a log below the level', 'notifications/message', { level: 'info' }, { logLevel: 'warning' }, 'nowhere'],
  ['a log at the level', 'notifications/message', { level: 'warning' }, { logLevel: 'warning' }, 'call'],
  ['a log of an unknown level', 'notifications/message', { level: 'loud' }, { logLevel: 'warning' }, 'call'],
  ['a list that changed', 'notifications/tools/list_changed', {}, {}, 'listeners'],
  ['a resource that changed', 'notifications/resources/updated', { uri: 'x' }, {}, 'listeners'],
  ['what there is no more', 'notifications/elicitation/complete', { elicitationId: 'x' }, {}, 'nowhere'],
  ['a cancellation by the upstream', 'notifications/cancelled', { requestId: 1 }, {}, 'nowhere'],
  ['what nobody knows', 'notifications/vendor', {}, {}, 'call'],
])('%s', (_, method, params, wishes, expected) => {
  expect(place(method, params, wishes)).toBe(expected)
})

it('debug lets more through than emergency, and nothing is said of unknown levels', () => {
  expect(isMoreVerbose('debug', 'info')).toBe(true)
  expect(isMoreVerbose('info', 'info')).toBe(false)
  expect(isMoreVerbose('emergency', 'debug')).toBe(false)
  expect(isMoreVerbose('loud', 'debug')).toBe(false)
})
