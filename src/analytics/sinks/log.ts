import type { EventSink } from '../../contracts/event-sink.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { JsonObject } from '../../lib/json.ts'
import { eventFields, type GatewayEvent } from '../event.ts'

/** Which events become log lines: all of them, or only refusals and failures. */
export type LogSinkMode = 'all' | 'problems'

/** Writes events to the log, one line each with the event's type as message. Fields that are null are left out. */
export function createLogSink(log: Logger, mode: LogSinkMode): EventSink<GatewayEvent> {
  return {
    name: 'log',
    write(events) {
      for (const event of events) writeLine(log, mode, event)
    },
    close() {},
  }
}

function writeLine(log: Logger, mode: LogSinkMode, event: GatewayEvent): void {
  if (event.outcome === 'success') {
    if (mode === 'all') log.info({ event: withoutNulls(event) }, event.type)
  } else if (event.failureOrigin === 'gateway') log.error({ event: withoutNulls(event) }, event.type)
  else log.warn({ event: withoutNulls(event) }, event.type)
}

const fieldNames = Object.keys(eventFields.shape) as (keyof GatewayEvent)[]

function withoutNulls(event: GatewayEvent): JsonObject {
  const fields: JsonObject = {}
  for (const name of fieldNames) if (event[name] !== null) fields[name] = event[name]
  return fields
}
