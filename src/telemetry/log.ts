import { createRequire } from 'node:module'
import { type DestinationStream, type LoggerOptions, pino } from 'pino'
import type { Logger, LogRecord, LogRecordWriter } from '../contracts/logger.ts'
import { BufferedOutput } from './buffered-output.ts'
import { scrub } from './scrub.ts'
import { mayHoldSecretText, scrubText } from './secret-text.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** Lines for people instead of JSON. For development: it is slow. */
  readonly pretty: boolean
  /** Where the lines go. Default: standard output. */
  readonly destination?: { write(line: string): void }
}

/** A log that can be brought to an end. */
export interface Log extends Logger, LogRecordWriter {
  /** Writes out what is buffered. Call it last before the process ends; it is also done on exit. */
  flush(): void
}

/**
 * Creates the log: JSON lines with `level`, `time` and `message`, or lines for people. Everything passes the scrubber.
 * JSON lines to standard output are buffered for up to 200 ms and written out on exit.
 */
export function createLog(options: LogOptions): Log {
  const destination = options.destination ?? (options.pretty ? process.stdout : openStandardOutput())
  const lines = options.pretty ? createPrettyStream(destination) : destination
  const log = pino(pinoOptions(options.level), lines)
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    writeRecords(records) {
      const chosen = records.filter((record) => log.isLevelEnabled(record.level)).map((record) => formatRecord(record))
      if (options.pretty) for (const line of chosen) lines.write(line)
      else if (chosen.length > 0) lines.write(chosen.join(''))
    },
    flush: () => {
      if (destination instanceof BufferedOutput) destination.flushSync()
    },
  }
}

let standardOutput: BufferedOutput | undefined

/** One for all logs of the process, so that their lines keep their order. */
function openStandardOutput(): BufferedOutput {
  standardOutput ??= new BufferedOutput(1)
  return standardOutput
}

function formatRecord(record: LogRecord): string {
  const members = mayHoldSecretText(record.members) ? scrubMembers(record.members) : record.members
  const head = `{"level":"${record.level}","time":"${formatTime(record.timeMs)}"`
  return `${head},${members},"message":${JSON.stringify(scrubText(record.message))}}\n`
}

function scrubMembers(members: string): string {
  return JSON.stringify(scrub(JSON.parse(`{${members}}`))).slice(1, -1)
}

let formattedMs = Number.NaN
let formattedTime = ''

/** Records of one batch often share their millisecond. */
function formatTime(timeMs: number): string {
  if (timeMs === formattedMs) return formattedTime
  formattedTime = new Date(timeMs).toISOString()
  formattedMs = timeMs
  return formattedTime
}

function pinoOptions(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    // pino gives errors and http objects a shape of its own before the formatter; ours are applied instead.
    serializers: { err: (error: unknown) => error },
    formatters: { level: (label) => ({ level: label }), log: (fields) => scrub(fields) as { [key: string]: unknown } },
    hooks: {
      logMethod(parameters, method) {
        const [fields, message] = parameters as unknown as [object, string]
        // pino would take a bare error apart by itself, past the scrubber.
        const wrapped = fields instanceof Error ? { error: fields } : fields
        Reflect.apply(method, this, [wrapped, scrubText(message)])
      },
    },
  }
}

/** pino-pretty is loaded only here: production never pays for it. */
function createPrettyStream(destination: { write(line: string): void }): DestinationStream {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty')
  const prettify = prettyFactory({
    colorize: 'isTTY' in destination && destination.isTTY === true,
    messageKey: 'message',
    translateTime: 'HH:MM:ss',
    singleLine: true,
  })
  return { write: (line) => destination.write(prettify(line)) }
}
