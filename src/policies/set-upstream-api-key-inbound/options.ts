import { z } from 'zod'
import { upstreamHeaderName, upstreamHeaderValue } from '../../http/header-field-schema.ts'

/** Options of `set-upstream-api-key-inbound`. */
export const upstreamApiKeyOptions = z
  .strictObject({
    value: upstreamHeaderValue.describe(
      'The whole value of the header, scheme included, e.g. `Bearer $env(TRACKER_KEY)`.',
    ),
    header: upstreamHeaderName.default('authorization').describe('Name of the header that carries the key.'),
    overwrite: z.boolean().default(true).describe('Whether it replaces what an earlier policy set.'),
  })
  .describe('The API key that the gateway presents to the upstream.')

export type UpstreamApiKeyOptions = z.infer<typeof upstreamApiKeyOptions>
