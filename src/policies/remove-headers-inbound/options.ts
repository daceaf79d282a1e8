import { z } from 'zod'
import { upstreamHeaderName } from '../../http/header-field-schema.ts'

/** Options of `remove-headers-inbound`. */
export const removeHeadersOptions = z
  .strictObject({
    headers: z.array(upstreamHeaderName).min(1).describe('Names of the headers to keep back.'),
  })
  .describe('Headers kept back from the upstream.')

export type RemoveHeadersOptions = z.infer<typeof removeHeadersOptions>
