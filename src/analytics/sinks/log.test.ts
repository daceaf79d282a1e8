import { expect, test } from 'vitest'
import { writeEvents } from '../../../test/harness/write-events.ts'
import type { LogRecord } from '../../contracts/logger.ts'
import { type GatewayEvent, newEvent } from '../event.ts'
import { createLogSink, type LogSinkMode } from './log.ts'

const events: GatewayEvent[] = [
  newEvent('capability_completed', 1, 'a'),
  { ...newEvent('mcp_request_rejected', 2, 'b'), outcome: 'denied', reason: 'token_missing', failureOrigin: 'client' },
  { ...newEvent('capability_failed', 3, 'c'), outcome: 'failure', reason: 'gateway_error', failureOrigin: 'gateway' },
]

function linesOf(mode: LogSinkMode): LogRecord[] {
  const lines: LogRecord[] = []
  void writeEvents(createLogSink({ writeRecords: (records) => void lines.push(...records) }, mode), events)
  return lines
}

test('all: one line per event, the level by where the failure began', () => {
  expect(linesOf('all').map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info capability_completed',
    'warn mcp_request_rejected',
    'error capability_failed',
  ])
})

test('problems: refusals and failures only', () => {
  expect(linesOf('problems').map(({ message }) => message)).toEqual(['mcp_request_rejected', 'capability_failed'])
})

test('fields that are null are left out', () => {
  const [line] = linesOf('problems')
  expect(line?.timeMs).toBe(2)
  expect(JSON.parse(`{${line?.members}}`)).toEqual({
    event: {
      id: events[1]?.id,
      time: 2,
      type: 'mcp_request_rejected',
      requestId: 'b',
      tenant: 'default',
      outcome: 'denied',
      failureOrigin: 'client',
      reason: 'token_missing',
      cached: false,
    },
  })
})

test('texts are escaped', () => {
  const event = { ...newEvent('capability_completed', 1, 'a'), capability: 'a"\n\u2028b' }
  const lines: string[] = []
  void createLogSink({ writeRecords: ([record]) => void lines.push(record?.members ?? '') }, 'all').write([event])
  expect(JSON.parse(`{${lines[0]}}`)).toMatchObject({ event: { capability: 'a"\n\u2028b' } })
})
