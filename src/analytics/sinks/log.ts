import type { ListSink } from '../../contracts/event-sink.ts'
import type { LogRecord, LogRecordWriter } from '../../contracts/logger.ts'
import type { GatewayEvent } from '../event.ts'
import { formatEventMembers } from './format-event-json.ts'

/** Which events become log lines: all of them, or only refusals and failures. */
export type LogSinkMode = 'all' | 'problems'

/** Writes events to the log, one line each with the event's type as message. Fields that are null are left out. */
export function createLogSink(log: LogRecordWriter, mode: LogSinkMode): ListSink<GatewayEvent> {
  return {
    name: 'log',
    wants: ({ outcome }) => mode === 'all' || outcome !== 'success',
    write: (events) => log.writeRecords(events.map((event) => toRecord(event))),
    close() {},
  }
}

function toRecord(event: GatewayEvent): LogRecord {
  return {
    level: levelOf(event),
    timeMs: event.time,
    message: event.type,
    members: `"event":{${formatEventMembers(event)}}`,
  }
}

function levelOf(event: GatewayEvent): LogRecord['level'] {
  if (event.outcome === 'success' || event.outcome === 'partial') return 'info'
  return event.failureOrigin === 'gateway' ? 'error' : 'warn'
}
