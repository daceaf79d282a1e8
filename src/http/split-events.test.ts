import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventSplitter, eventData, formatEvent } from './split-events.ts'

function split(chunks: readonly Buffer[], limit = 1000): string[] {
  const splitter = new EventSplitter(limit)
  const events: (Buffer | string)[] = chunks.flatMap<Buffer | string>((chunk) => splitter.push(chunk) ?? ['too large'])
  const rest = splitter.end()
  return [...events, ...(rest ? [rest] : [])].map(String)
}

describe('EventSplitter', () => {
  it.each(['\n', '\r\n', '\r'])('cuts at blank lines made of %j', (eol) => {
    const first = `event: message${eol}data: 1${eol}${eol}`
    const second = `data: 2${eol}${eol}`
    expect(split([Buffer.from(first + second)])).toEqual([first, second])
  })

  it('yields the same data however the stream is cut into chunks', () => {
    const source = Buffer.from(
      ': hello\n\nid: 7\ndata:\n\nevent: message\r\ndata: {"a":1}\r\n\r\ndata: x\ndata: y\n\ndata: last',
    )
    const whole = split([source]).map((event) => eventData(Buffer.from(event))?.toString())
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: source.length - 1 }), { maxLength: 12 }), (cuts) => {
        const sorted = [0, ...[...new Set(cuts)].sort((a, b) => a - b), source.length]
        const chunks = sorted.slice(1).map((end, index) => source.subarray(sorted[index], end))
        const data = split(chunks).map((event) => eventData(Buffer.from(event))?.toString())
        expect(data.filter((item) => item !== undefined)).toEqual(whole.filter((item) => item !== undefined))
        expect(split(chunks).join('')).toBe(source.toString())
      }),
    )
  })

  it('gives up on an event beyond the limit, complete or not', () => {
    expect(split([Buffer.from(`data: ${'x'.repeat(100)}\n\n`)], 50)).toEqual(['too large'])
    expect(split([Buffer.from('data: '), Buffer.from('x'.repeat(100))], 50)).toContain('too large')
  })
})

describe('eventData', () => {
  it.each([
    ['data: {"a":1}\n\n', '{"a":1}'],
    ['event: message\ndata: {"a":1}\n\n', '{"a":1}'],
    ['event: message\ndata: a\nid: 3\n\n', 'a'],
    ['event: message\ndata: a\rdata: b\n\n', 'a\nb'],
    ['data: a\r\n\r\n', 'a'],
    ['data: a\n', 'a'],
    ['data: \n\n', undefined],
    ['event: message\r\ndata:{"a":1}\r\n\r\n', '{"a":1}'],
    ['data: a\ndata: b\n\n', 'a\nb'],
    ['id: 3\ndata:\n\n', undefined],
    [': comment\n\n', undefined],
    ['database: x\n\n', undefined],
  ])('of %j is %j', (event, data) => {
    expect(eventData(Buffer.from(event))?.toString()).toBe(data)
  })

  it('is what formatEvent put in', () => {
    expect(eventData(formatEvent('{"b":2}'))?.toString()).toBe('{"b":2}')
  })
})
