import { expect, it } from 'vitest'
import { Audience } from './audience.ts'
import type { Listener, PendingCall } from './pending-call.ts'

const log = { jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x' } }
const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
const updated = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'file:///a' } }

function callOf(owner: string, name: string, heard: string[]): PendingCall {
  return {
    owner,
    isLasting: false,
    notify: ({ method }) => void heard.push(`${name} ${String(method).replace('notifications/', '')}`),
    respond() {},
    fail() {},
    canAnswer: () => true,
    ask() {},
    withdraw() {},
  }
}

function listenerOf(owner: string, name: string, heard: string[], uri?: string): Listener {
  const call = callOf(owner, name, heard)
  return { owner, subscriptions: uri === undefined ? [] : [uri], notify: (notification) => call.notify(notification) }
}

function setUp(onlyOwner?: string) {
  const heard: string[] = []
  const listeners = new Set<Listener>()
  const audience = new Audience(onlyOwner, listeners)
  return { heard, listeners, audience }
}

it('tells the latest call of the only person what belongs to no call', () => {
  const { heard, audience } = setUp()
  audience.enter(1, callOf('ada', 'first', heard))
  audience.enter(2, callOf('ada', 'second', heard))
  audience.announce(log)
  audience.announce(updated)
  expect(heard).toEqual(['second message', 'second resources/updated'])
})

it('tells nobody any more what belongs to no call, once two people used the process: it may come late', () => {
  const { heard, audience } = setUp()
  audience.enter(1, callOf('ada', 'ada', heard))
  audience.enter(2, callOf('bob', 'bob', heard))
  audience.leave(1, false)
  audience.announce(log)
  audience.announce(updated)
  expect(heard).toEqual([])
})

it('passes questions on to the one person whose calls run', () => {
  const { heard, audience } = setUp()
  audience.enter(1, callOf('ada', 'ada', heard))
  audience.enter(2, callOf('bob', 'bob', heard))
  expect(audience.onlyOwnersCalls()).toEqual([])
  audience.leave(2, false)
  expect(audience.onlyOwnersCalls().map(({ id }) => id)).toEqual([1])
})

it('remembers who left a call behind, until the program answers it', () => {
  const { heard, audience } = setUp()
  audience.enter(1, callOf('bob', 'bob', heard))
  audience.leave(1, true)
  audience.enter(2, callOf('ada', 'ada', heard))
  expect(audience.onlyOwnersCalls()).toEqual([])
  audience.forget(1)
  expect(audience.onlyOwnersCalls().map(({ id }) => id)).toEqual([2])
})

it('asks nobody any more when it lost count of what was left behind', () => {
  const { heard, audience } = setUp()
  for (let id = 0; id <= 1_001; id++) {
    audience.enter(id, callOf('bob', 'bob', heard))
    audience.leave(id, true)
  }
  for (let id = 0; id <= 1_001; id++) audience.forget(id)
  audience.enter(5_000, callOf('ada', 'ada', heard))
  expect(audience.onlyOwnersCalls()).toEqual([])
})

it('tells changed lists to each person once, on their streams where they have some', () => {
  const { heard, listeners, audience } = setUp()
  listeners.add(listenerOf('ada', 'stream', heard))
  audience.enter(1, callOf('ada', 'call', heard))
  audience.enter(2, callOf('bob', 'first', heard))
  audience.enter(3, callOf('bob', 'second', heard))
  audience.announce(changed)
  expect(heard).toEqual(['stream tools/list_changed', 'second tools/list_changed'])
})

it('tells updates of resources to those who subscribed', () => {
  const { heard, listeners, audience } = setUp()
  listeners.add(listenerOf('ada', 'ada', heard, 'file:///a'))
  listeners.add(listenerOf('bob', 'bob', heard, 'file:///b'))
  audience.announce(updated)
  expect(heard).toEqual(['ada resources/updated'])
})

it('tells logs to streams only where the process belongs to one person', () => {
  const shared = setUp()
  shared.listeners.add(listenerOf('ada', 'ada', shared.heard))
  shared.audience.announce(log)
  expect(shared.heard).toEqual([])
  const own = setUp('ada')
  own.listeners.add(listenerOf('ada', 'ada', own.heard))
  own.audience.announce(log)
  expect(own.heard).toEqual(['ada message'])
})
