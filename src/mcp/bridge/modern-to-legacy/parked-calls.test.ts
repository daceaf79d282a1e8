import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ParkedCalls } from './parked-calls.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const create = () => new ParkedCalls({ ttlMs: 1000, most: 3, mostPerOwner: 2 })
const call = () => ({ expire: vi.fn() })

it('gives a call back once', () => {
  const parked = create()
  const waiting = call()
  const name = parked.park('ada', waiting) ?? ''
  expect(parked.take(name)).toBe(waiting)
  expect(parked.take(name)).toBeUndefined()
  vi.advanceTimersByTime(2000)
  expect(waiting.expire).not.toHaveBeenCalled()
})

it('tells a call when nobody answered in time', () => {
  const parked = create()
  const waiting = call()
  const name = parked.park('ada', waiting) ?? ''
  vi.advanceTimersByTime(999)
  expect(waiting.expire).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(waiting.expire).toHaveBeenCalledOnce()
  expect(parked.take(name)).toBeUndefined()
})

it('holds a few per person, and a few in all', () => {
  const parked = create()
  const names = [1, 2].map(() => parked.park('ada', call()))
  expect(parked.park('ada', call())).toBeUndefined()
  expect(parked.park('grace', call())).toBeDefined()
  expect(parked.park('alan', call())).toBeUndefined()
  parked.take(names[0] ?? '')
  expect(parked.park('alan', call())).toBeDefined()
})

it('names are unguessable, and may be given back', () => {
  const parked = create()
  const waiting = call()
  const name = parked.park('ada', waiting) ?? ''
  expect(name).toMatch(/^[\w-]{22}$/)
  parked.take(name)
  parked.park('ada', waiting, name)
  expect(parked.take(name)).toBe(waiting)
})

it('ends all of them at the end', () => {
  const parked = create()
  const waiting = [call(), call()]
  for (const each of waiting) parked.park('ada', each)
  parked.close()
  for (const { expire } of waiting) expect(expire).toHaveBeenCalledOnce()
})
