import { z } from 'zod'

/** `audit` of sallyport.jsonc. */
export const auditSettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether there is an audit trail.'),
    toolCalls: z
      .boolean()
      .default(false)
      .describe('Keep every call of a tool as well, without its arguments and its result.'),
    retentionDays: z.number().positive().default(400).describe('How long entries are kept.'),
    anchorMinutes: z
      .number()
      .positive()
      .default(60)
      .describe(
        'How often number and hash of the newest entry are written to the log, which is proof elsewhere that none was cut off.',
      ),
  })
  .prefault({})
  .describe('Tamper-evident trail of what matters: sign-ins, consents, credentials, keys, changes, refusals.')
