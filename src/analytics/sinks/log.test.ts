import { expect, test, vi } from 'vitest'
import { type GatewayEvent, newEvent } from '../event.ts'
import { createLogSink, type LogSinkMode } from './log.ts'

const events: GatewayEvent[] = [
  newEvent('capability_completed', 1, 'a'),
  { ...newEvent('mcp_request_rejected', 2, 'b'), outcome: 'denied', reason: 'token_missing', failureOrigin: 'client' },
  { ...newEvent('capability_failed', 3, 'c'), outcome: 'failure', reason: 'gateway_error', failureOrigin: 'gateway' },
]

function linesOf(mode: LogSinkMode): [string, string, object][] {
  const lines: [string, string, object][] = []
  const method = (level: string) => (fields: object, message: string) => void lines.push([level, message, fields])
  void createLogSink(
    { debug: vi.fn(), info: method('info'), warn: method('warn'), error: method('error') },
    mode,
  ).write(events)
  return lines
}

test('all: one line per event, the level by where the failure began', () => {
  expect(linesOf('all').map(([level, message]) => `${level} ${message}`)).toEqual([
    'info capability_completed',
    'warn mcp_request_rejected',
    'error capability_failed',
  ])
})

test('problems: refusals and failures only', () => {
  expect(linesOf('problems').map(([, message]) => message)).toEqual(['mcp_request_rejected', 'capability_failed'])
})

test('fields that are null are left out', () => {
  const [, , fields] = linesOf('problems')[0] ?? []
  expect(fields).toEqual({
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
