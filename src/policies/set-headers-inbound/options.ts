import { z } from 'zod'
import { upstreamHeaderName, upstreamHeaderValue } from '../../http/header-field-schema.ts'

/** Options of `set-headers-inbound`. */
export const setHeadersOptions = z
  .strictObject({
    headers: z
      .array(
        z.strictObject({
          name: upstreamHeaderName.describe('Name of the header.'),
          value: upstreamHeaderValue.describe('Its value; `$env(NAME)` takes it from the environment.'),
          overwrite: z
            .boolean()
            .default(true)
            .describe('Whether it replaces what the client or an earlier policy gave.'),
        }),
      )
      .min(1)
      .describe('Headers to set, in order.'),
  })
  .describe('Headers set on the request to the upstream.')

export type SetHeadersOptions = z.infer<typeof setHeadersOptions>
