import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ContextIndex, contextLifeMs } from './context-index.ts'
import { type GatewayEvent, newEvent } from './event.ts'
import { contextColumns, listValues } from './event-columns.ts'

const valuesOf = (changes: Partial<GatewayEvent>, time = 1) =>
  listValues({ ...newEvent('capability_completed', time, `request-${time}`), ...changes })

test('events have one context if and only if they agree in all that a context has', () => {
  const anyChange = fc.record({
    team: fc.constantFrom(null, '', 'red', 'blue'),
    method: fc.constantFrom(null, 'tools/call'),
    subject: fc.constantFrom(null, 'ada'),
    httpStatus: fc.constantFrom(null, 200, 429),
    cached: fc.boolean(),
    steps: fc.constantFrom(null, 'upstream answered'),
    latencyMs: fc.constantFrom(null, 1.5),
    reason: fc.constantFrom(null, 'limit_rate_exceeded' as const),
  })
  const keyOf = (changes: Partial<GatewayEvent>) =>
    JSON.stringify(contextColumns.map(({ name }) => changes[name] ?? null))
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 50 }), (events) => {
      const index = new ContextIndex()
      const ids = new Map<string, number>()
      for (const [time, changes] of events.entries()) {
        const context = index.find(valuesOf(changes, time))
        const known = ids.get(keyOf(changes))
        expect(context.id).toBe(known)
        context.id ??= ids.size
        ids.set(keyOf(changes), context.id)
      }
    }),
  )
})

test('what was cleared is to be told again', () => {
  const index = new ContextIndex()
  index.find(valuesOf({})).id = 1
  expect(index.find(valuesOf({})).id).toBe(1)
  index.clear()
  expect(index.find(valuesOf({})).id).toBeUndefined()
})

test('a context lives for a day, so that old ones can be deleted', () => {
  let nowMs = 0
  const index = new ContextIndex(() => nowMs)
  index.find(valuesOf({})).id = 1
  nowMs = contextLifeMs
  index.renew()
  expect(index.find(valuesOf({})).id).toBe(1)
  nowMs++
  index.renew()
  expect(index.find(valuesOf({})).id).toBeUndefined()
})

test('whoever sends ever new names, memory stays bounded', () => {
  const index = new ContextIndex()
  index.find(valuesOf({ team: 'first' })).id = 1
  for (let count = 0; count < 21_000; count++) index.find(valuesOf({ team: `${count}` })).id = count
  expect(index.find(valuesOf({ team: 'first' })).id).toBe(1)
  index.renew()
  expect(index.find(valuesOf({ team: 'first' })).id).toBeUndefined()
})

test('a clock that is put back by days makes no context live for days', () => {
  let nowMs = 10 * contextLifeMs
  const index = new ContextIndex(() => nowMs)
  index.find(valuesOf({})).id = 1
  nowMs = 0
  index.renew()
  expect(index.find(valuesOf({})).id).toBeUndefined()
})
