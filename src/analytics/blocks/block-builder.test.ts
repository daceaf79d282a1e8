import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reasons } from '../../errors/reasons.ts'
import { decodeColumns, encodeColumns, type PlainColumn } from '../columns/column.ts'
import { type EventType, eventTypes, type GatewayEvent, newEvent } from '../event.ts'
import { type EventFilter, equalFields, eventFamilies } from '../event-filter.ts'
import { Block } from './block.ts'
import { BlockBuilder, type EncodedBlock } from './block-builder.ts'
import { blockColumns } from './block-columns.ts'
import { selectEvents } from './select-events.ts'

function encode(events: readonly GatewayEvent[]): EncodedBlock {
  const builder = new BlockBuilder()
  for (const event of events) builder.push(event)
  return builder.finish()
}
const open = ({ facts, events, firstMs, lastMs }: EncodedBlock, firstRow = 1) =>
  new Block({ firstRow, lastRow: firstRow + events - 1, events, firstMs, lastMs }, facts)
const readBack = (events: readonly GatewayEvent[]) => {
  const encoded = encode(events)
  return open(encoded).readEvents(encoded.details)
}

const event = (time: number, changes: Partial<GatewayEvent> = {}): GatewayEvent => ({
  ...newEvent('capability_completed', time, `request-${time}`),
  ...changes,
})

const identifier = fc.stringMatching(/^[0-9a-f]{32}$/)
const odd = fc.constantFrom('', '\u{1F600}', '\0', '__proto__', 'null', '0')
const binary = fc.string({ unit: 'binary' }).map((each) => each.toWellFormed())
const text = fc.oneof(binary, odd, fc.constantFrom('a', 'b', 'c'))
const nullableText = fc.option(text)
const few = fc.option(fc.constantFrom('', 'a', 'b'))
// JSON, in which values of fields and numbers that are all alike are kept, has no negative zero.
const number = fc.option(
  fc
    .oneof(
      fc.constantFrom(0, 0.5, 100),
      fc.nat(5_000_000).map((microseconds) => microseconds / 1000),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
    )
    .map((each) => each + 0),
)
const changes = fc.record({
  type: fc.constantFrom(...(Object.keys(eventTypes) as EventType[])),
  requestId: fc.oneof({ weight: 9, arbitrary: identifier }, { weight: 1, arbitrary: text }),
  traceId: fc.option(fc.oneof({ weight: 9, arbitrary: identifier }, { weight: 1, arbitrary: text })),
  tenant: fc.constantFrom('default', 'acme'),
  virtualServer: few,
  upstream: nullableText,
  via: few,
  subject: nullableText,
  team: few,
  clientName: nullableText,
  capabilityType: fc.option(fc.constantFrom('tool', 'prompt', 'resource')),
  outcome: fc.constantFrom('success', 'failure', 'denied'),
  failureOrigin: fc.option(fc.constantFrom('client', 'gateway', 'upstream')),
  reason: fc.option(fc.constantFrom(...(Object.keys(reasons) as (keyof typeof reasons)[]))),
  policy: nullableText,
  httpStatus: fc.option(fc.integer({ min: 100, max: 599 })),
  jsonRpcCode: fc.option(fc.oneof(fc.integer(), fc.constantFrom(-32_602, -32_603))),
  latencyMs: number,
  upstreamMs: number,
  bytesIn: fc.option(fc.nat()),
  bytesOut: fc.option(fc.maxSafeNat()),
  resultTokens: fc.option(fc.nat(3)),
  cached: fc.boolean(),
  steps: nullableText,
  stepMs: nullableText,
  detail: nullableText,
})
const anyEvent = fc.tuple(fc.nat(2 ** 41), changes).map(([time, changed]) => event(time, changed))
const anyEvents = fc.array(anyEvent, { minLength: 1, maxLength: 60 })

describe('events come back as they were recorded', () => {
  test('whatever they are', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(readBack(events)).toEqual(events)
      }),
    )
  })

  test('one by itself, and many that are all alike', () => {
    fc.assert(
      fc.property(anyEvent, fc.integer({ min: 1, max: 300 }), (one, count) => {
        const alike = Array<GatewayEvent>(count).fill(one)
        expect(readBack(alike)).toEqual(alike)
      }),
      { numRuns: 30 },
    )
  })

  test.each([255, 256, 257, 300, 66_000])('%i with a value each in every field', (count) => {
    const events = Array.from({ length: count }, (_, index) =>
      event(index, {
        subject: `s${index}`,
        jsonRpcCode: -1 - index,
        capability: index % 2 ? `c${index}` : null,
        httpStatus: index,
      }),
    )
    expect(readBack(events)).toEqual(events)
  })

  test('but halves of surrogate pairs, which nobody could ask for, also where the other half begins the next', () => {
    const halves = ['\ud83d', '\ude00', 'a\ud83d', '\ude00b']
    const events = halves.map((half, index) =>
      event(index, { requestId: half, subject: half, stepMs: half, detail: half }),
    )
    const expected = events.map((each) => {
      const text = each.requestId.toWellFormed()
      return { ...each, requestId: text, subject: text, stepMs: text, detail: text }
    })
    expect(readBack(events)).toEqual(expected)
  })

  const hex = '0123456789abcdef'.repeat(2)
  test.each([
    ['as identifiers are', [hex, 'f'.repeat(32), '0'.repeat(32)]],
    ['one of them in capitals', [hex, 'F'.repeat(32)]],
    ['one of them no identifier', [hex, 'g'.repeat(32), 'short', '']],
    ['one too short, one too long', ['0'.repeat(31), '0'.repeat(33)]],
    ['with a line end', [hex, `${'0'.repeat(31)}\n`]],
  ])('with request ids %s', (_, ids) => {
    const events = ids.map((requestId, index) => event(index, { requestId, traceId: index === 1 ? null : requestId }))
    expect(readBack(events)).toEqual(events)
    const all = ids.map((requestId, index) => event(index, { requestId, traceId: requestId }))
    expect(readBack(all)).toEqual(all)
  })

  test('that differ from the one before in a field, and go back to what was earlier', () => {
    const subjects = [null, null, 'a', null, 'b', 'b', 'a', '', null]
    const events = subjects.map((subject, index) => event(index, { subject, cached: index % 3 === 1 }))
    expect(readBack(events)).toEqual(events)
  })

  test('with the time of the first and last one, and the name of the first that was recorded', () => {
    const events = [5, 9, 2, 7].map((time) => event(time))
    expect(encode(events)).toMatchObject({ name: events[0]?.id, events: 4, firstMs: 2, lastMs: 9 })
  })

  test('a builder counts what it took', () => {
    const builder = new BlockBuilder()
    expect(builder.length).toBe(0)
    for (const time of [1, 2, 3]) builder.push(event(time))
    expect(builder.length).toBe(3)
  })
})

describe('what is read of a block without its events', () => {
  test('the fields', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const block = open(encode(events))
        for (const name of equalFields) {
          const { codes, values } = block.field(name)
          expect(Array.from(codes, (code) => values[code])).toEqual(events.map((each) => each[name]))
          expect(new Set(values).size).toBe(values.length)
        }
      }),
    )
  })

  test('the numbers; those that events do not have are none', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const block = open(encode(events))
        for (const name of ['time', 'latencyMs', 'upstreamMs', 'bytesIn', 'bytesOut', 'resultTokens'] as const) {
          expect(Array.from(block.numbers(name))).toEqual(events.map((each) => each[name] ?? Number.NaN))
        }
      }),
    )
  })

  /** Which events, written down as plainly as possible. */
  function fits(filter: EventFilter, each: GatewayEvent): boolean {
    const { sinceMs, untilMs, family, minLatencyMs } = filter
    if (sinceMs !== undefined && each.time < sinceMs) return false
    if (untilMs !== undefined && each.time >= untilMs) return false
    const prefixes = family === 'traffic' ? ['mcp_request_', 'capability_'] : [`${family}_`]
    if (family !== undefined && !prefixes.some((prefix) => each.type.startsWith(prefix))) return false
    if (minLatencyMs !== undefined && (each.latencyMs === null || each.latencyMs < minLatencyMs)) return false
    return equalFields.every(
      (name) => filter[name] === undefined || each[name] === (filter[name] === '' ? null : filter[name]),
    )
  }

  test('which events fit a filter', () => {
    let found = 0
    const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 })
    fc.assert(
      fc.property(
        anyEvents,
        fc.nat(),
        fc.subarray([...equalFields], { maxLength: 4 }),
        fc.record({
          family: optional(fc.constantFrom(...eventFamilies)),
          minLatencyMs: optional(fc.constantFrom(0, 0.5, 100)),
          sinceMs: optional(fc.constantFrom(-1, 0, 1)),
          untilMs: optional(fc.constantFrom(-1, 0, 1)),
        }),
        (events, place, fields, rest) => {
          const like = events[place % events.length] as GatewayEvent
          const members = fields.map((name) => [name, like[name] ?? (name === 'jsonRpcCode' ? undefined : '')])
          const around = (offset: number | undefined) => (offset === undefined ? undefined : like.time + offset)
          const filter = {
            ...rest,
            sinceMs: around(rest.sinceMs),
            untilMs: around(rest.untilMs),
            ...Object.fromEntries(members),
          } as EventFilter
          const expected = events.flatMap((each, row) => (fits(filter, each) ? [row] : []))
          found += expected.length
          expect({ filter, rows: [...selectEvents(filter, open(encode(events), 41))] }).toEqual({
            filter,
            rows: expected,
          })
        },
      ),
      { numRuns: 500 },
    )
    expect(found).toBeGreaterThan(100)
  })
})

describe('a block of another version', () => {
  const events = [1, 2, 3].map((time) =>
    event(time, { subject: `s${time}`, latencyMs: time / 2, detail: `d${time}`, cached: true, policy: 'p' }),
  )

  function change(bytes: Uint8Array, edit: (columns: Map<string, PlainColumn>) => void): Uint8Array {
    const columns = new Map<string, PlainColumn>(decodeColumns(bytes))
    edit(columns)
    return encodeColumns(columns)
  }

  test('may have fields that this one does not know', () => {
    const add = (bytes: Uint8Array) =>
      change(bytes, (columns) => {
        const known = [...columns]
        columns.clear()
        columns.set('mood', { values: ['well', 'tired'], arrays: [[0, 1, 0]] })
        for (const [name, column] of known) columns.set(name, column)
      })
    const encoded = encode(events)
    const block = open({ ...encoded, facts: add(encoded.facts) })
    expect(block.readEvents(add(encoded.details))).toEqual(events)
    expect([...selectEvents({ subject: 's2' }, block)]).toEqual([1])
  })

  test('may lack fields that this one knows: no event has them', () => {
    const drop = (bytes: Uint8Array) =>
      change(bytes, (columns) => {
        for (const name of ['subject', 'latencyMs', 'detail', 'cached', 'policy']) columns.delete(name)
      })
    const encoded = encode(events)
    const block = open({ ...encoded, facts: drop(encoded.facts) })
    const none = { subject: null, latencyMs: null, detail: null, cached: false, policy: null }
    expect(block.readEvents(drop(encoded.details))).toEqual(events.map((each) => ({ ...each, ...none })))
    expect([...selectEvents({ subject: '' }, block)]).toEqual([0, 1, 2])
    expect([...selectEvents({ subject: 's2' }, block)]).toEqual([])
    expect([...selectEvents({ minLatencyMs: 0 }, block)]).toEqual([])
  })
})

test('everything a filter asks for is among the facts', () => {
  const facts = new Set(blockColumns.filter(({ half }) => half === 'facts').map(({ name }) => name))
  for (const name of [...equalFields, 'time', 'latencyMs']) expect(facts).toContain(name)
  expect(facts).not.toContain('detail')
})
