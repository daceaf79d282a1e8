import type { EventSink } from '../../contracts/event-sink.ts'
import type { LogRecord, LogRecordWriter } from '../../contracts/logger.ts'
import { eventFields, type GatewayEvent } from '../event.ts'

/** Which events become log lines: all of them, or only refusals and failures. */
export type LogSinkMode = 'all' | 'problems'

/** Writes events to the log, one line each with the event's type as message. Fields that are null are left out. */
export function createLogSink(log: LogRecordWriter, mode: LogSinkMode): EventSink<GatewayEvent> {
  return {
    name: 'log',
    write(events) {
      const chosen = mode === 'all' ? events : events.filter((event) => event.outcome !== 'success')
      if (chosen.length > 0) log.writeRecords(chosen.map((event) => toRecord(event)))
    },
    close() {},
  }
}

function toRecord(event: GatewayEvent): LogRecord {
  return {
    level: levelOf(event),
    timeMs: event.time,
    message: event.type,
    members: `"event":{${formatMembers(event)}}`,
  }
}

function levelOf(event: GatewayEvent): LogRecord['level'] {
  if (event.outcome === 'success') return 'info'
  return event.failureOrigin === 'gateway' ? 'error' : 'warn'
}

const fields = (Object.keys(eventFields.shape) as (keyof GatewayEvent)[]).map((name) => ({
  name,
  prefix: `"${name}":`,
}))

/** JSON by hand: leaving the nulls out of a copy first costs more than all the rest of a line. */
function formatMembers(event: GatewayEvent): string {
  let members = ''
  for (const { name, prefix } of fields) {
    const value = event[name]
    if (value === null) continue
    if (members !== '') members += ','
    members += prefix + (typeof value === 'string' ? JSON.stringify(value) : String(value))
  }
  return members
}
