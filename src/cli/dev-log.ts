import type { GatewayEvent } from '../analytics/event.ts'
import type { LogRecord } from '../contracts/logger.ts'
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts'
import { formatEvent } from './format-event.ts'

/** The log of `sallyport dev`: lines for people on standard output, events as short sentences instead of JSON. */
export function createDevLog(level: LogLevel): Log {
  const log = createLog({ level, pretty: true })
  return {
    ...log,
    writeRecords(records) {
      for (const record of records) {
        const event = eventOf(record)
        // Through the log's own method: what clients send in names passes the scrubber there.
        if (event) log[record.level]({}, formatEvent(event, process.stdout))
        else log.writeRecords([record])
      }
    },
  }
}

function eventOf({ members }: LogRecord): GatewayEvent | undefined {
  if (!members.startsWith('"event":')) return undefined
  return (JSON.parse(`{${members}}`) as { event: GatewayEvent }).event
}
