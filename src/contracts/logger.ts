/** Structured log. `fields` come first, as in pino. Values under secret-looking keys are scrubbed before they are written. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** One finished log line. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly timeMs: number
  readonly message: string
  /** JSON members of the line, e.g. `"event":{"id":"…"}`. */
  readonly members: string
}

/** Takes many log lines at once: a third of the cost of one call each. */
export interface LogRecordWriter {
  /** Writes the records that pass the log's level. Values are scrubbed; member names are not looked at, so they must be declared ones. */
  writeRecords(records: readonly LogRecord[]): void
}
