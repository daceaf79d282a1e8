import { z } from 'zod'

/** The members of a line of the log, declared once: the reference page comes from here. A line has those that it has something to say in. */
export const logFields = z.object({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .describe('How bad it is. `telemetry.logLevel` is the least that is written.'),
  time: z.iso.datetime().describe('When, in UTC with milliseconds (RFC 3339).'),
  message: z.string().describe('What happened. For an event, its type.'),
  event: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'An [event](events.md), as an object; members that are null are left out. Which ones are written: `telemetry.logEvents`.',
    ),
  requestId: z
    .string()
    .optional()
    .describe('The request that it belongs to; also in `event`, in `x-request-id` and in every error.'),
  route: z.string().optional().describe('operationId of the route.'),
  err: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What broke: `name`, `message`, `stack`, `code`, and up to four `cause`s. Also named `error`.'),
  sink: z
    .string()
    .optional()
    .describe(
      'The receiver of events that lost some: `dropped` since the last such line, `droppedTotal` since the start.',
    ),
  dropped: z.int().optional().describe('See `sink`.'),
  droppedTotal: z.int().optional().describe('See `sink`.'),
  alert: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('An alert that fired or is resolved: `kind`, `summary`, `tenant`, `virtualServer`, `upstream`.'),
  file: z
    .string()
    .optional()
    .describe('A file of the project that is to be looked at, with `line`, `column` and `path`.'),
})
