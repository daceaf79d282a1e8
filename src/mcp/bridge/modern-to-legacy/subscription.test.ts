import { describe, expect, it } from 'vitest'
import { acknowledge, concerns, endOf, readSubscription } from './subscription.ts'

const capabilities = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true } }
const read = (notifications: unknown, offered: object = capabilities) =>
  readSubscription('L1', { notifications }, { ...offered })
const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': 'L1' } }

describe('a subscription', () => {
  it('honours what the upstream can tell, and says so', () => {
    const wanted = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, taskIds: ['t'] }
    const subscription = read({ ...wanted, resourceSubscriptions: ['a', 'b', 'a', 7] })
    expect(acknowledge(subscription)).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a', 'b'] }, ...meta },
    })
    expect(acknowledge(read(wanted, {})).params).toEqual({ notifications: {}, ...meta })
    expect(acknowledge(read(undefined)).params).toEqual({ notifications: {}, ...meta })
  })

  it('takes a hundred resources', () => {
    const uris = Array.from({ length: 200 }, (_, index) => `test://${index}`)
    expect(read({ resourceSubscriptions: uris }).resources).toHaveLength(100)
  })

  it.each([
    ['notifications/tools/list_changed', undefined, true],
    ['notifications/prompts/list_changed', undefined, false],
    ['notifications/resources/updated', 'test://one', true],
    ['notifications/resources/updated', 'test://one/part', true],
    ['notifications/resources/updated', 'test://onetwo', false],
    ['notifications/resources/updated', undefined, false],
    ['notifications/message', undefined, false],
  ])('concerns %s of %s: %s', (method, uri, expected) => {
    const subscription = read({
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['test://one'],
    })
    expect(concerns({ jsonrpc: '2.0', method, params: { uri } }, subscription)).toBe(expected)
  })

  it('ends with an empty result', () => {
    expect(endOf(read({}))).toEqual({ jsonrpc: '2.0', id: 'L1', result: { resultType: 'complete', ...meta } })
  })
})
