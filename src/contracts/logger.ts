/** Structured log. `fields` come first, as in pino. Values under secret-looking keys are scrubbed before they are written. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
