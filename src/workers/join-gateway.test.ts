import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type JoinedWorker, joinGateway } from './join-gateway.ts'
import type { FromWorker, ToWorker } from './messages.ts'

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
const sent: FromWorker[] = []
const listeners = process.listeners('message')
const before = { send: Reflect.get(process, 'send') as unknown, connected: process.connected }

beforeEach(() => {
  sent.length = 0
  const send = (message: FromWorker) => sent.push(message) > 0
  Object.assign(process, { send, connected: true })
})
afterEach(() => {
  for (const listener of process.listeners('message')) {
    if (!listeners.includes(listener)) process.off('message', listener)
  }
  Object.assign(process, before)
})

const say = (message: ToWorker) => void process.emit('message', message, undefined)
const others = [0, 1].map((slot) => ({ slot, name: `${slot}-abcdef`, socket: `/${slot}` }))
const seating = { slot: 1, name: '1-abcdef', socket: '/1', count: 2, secret: 's', listen: { port: 1, reusePort: true } }

function join(): Promise<JoinedWorker> {
  const joining = joinGateway(log)
  expect(sent).toEqual([{ kind: 'hello' }])
  say({ kind: 'seat', ...seating })
  return joining
}

it('learns who it is, also where it hears first of others', async () => {
  const joining = joinGateway(log)
  say({ kind: 'roster', roster: others.slice(0, 1), leader: '0-abcdef' })
  say({ kind: 'seat', ...seating })
  expect(await joining).toMatchObject({ self: '1-abcdef', slot: 1, count: 2, isLeader: false })
})

it('finds others, and never itself', async () => {
  const worker = await join()
  expect(worker.findOwner('0-abcdef.sealed')).toBeUndefined()
  say({ kind: 'roster', roster: others, leader: '0-abcdef' })
  expect(worker.findOwner('0-abcdef.sealed')).toMatchObject({ name: '0-abcdef', socket: '/0' })
  expect(worker.findOwner('1-abcdef.sealed')).toBeUndefined()
  const places = Array.from({ length: 50 }, (_, n) => worker.findPlace(`key ${n}`)?.name)
  expect(new Set(places)).toEqual(new Set(['0-abcdef', undefined]))
})

it('does what only the leader does once it leads, and once', async () => {
  const worker = await join()
  const [stopFirst, stopSecond] = [vi.fn(), vi.fn()]
  const [first, second] = [vi.fn(() => stopFirst), vi.fn(() => stopSecond)]
  const failing = vi.fn(() => {
    throw new Error('in use')
  })
  worker.onLeader(failing)
  const stop = worker.onLeader(first)
  const withdraw = worker.onLeader(second)
  await withdraw()
  say({ kind: 'roster', roster: others, leader: '0-abcdef' })
  expect(first).not.toHaveBeenCalled()
  for (const _ of [0, 1]) say({ kind: 'roster', roster: others, leader: '1-abcdef' })
  expect(first).toHaveBeenCalledTimes(1)
  expect(second).not.toHaveBeenCalled()
  expect(log.error).toHaveBeenCalledWith({ err: expect.any(Error) }, expect.any(String))
  await stop()
  expect(stopFirst).toHaveBeenCalledTimes(1)
  expect(() => worker.onLeader(failing)).toThrow('in use')
})

it('hears what others tell, by topic', async () => {
  const worker = await join()
  const heard: unknown[] = []
  worker.hear('lists', (message) => heard.push(message))
  say({ kind: 'told', topic: 'lists', message: { route: 'a' } })
  say({ kind: 'told', topic: 'other', message: 1 })
  expect(heard).toEqual([{ route: 'a' }])
  worker.tell('lists', 'b')
  expect(sent.at(-1)).toEqual({ kind: 'tell', topic: 'lists', message: 'b' })
})
