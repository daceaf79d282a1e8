import { z } from 'zod'
import { tenantPattern, tenantRule } from '../../lib/tenant.ts'

const headerToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Options of `api-key-inbound`. */
export const apiKeyOptions = z
  .strictObject({
    authHeader: z
      .string()
      .regex(headerToken, 'Not a header name: use letters, digits and hyphens, e.g. "x-api-key".')
      .transform((name) => name.toLowerCase())
      .default('authorization')
      .describe('Name of the header that carries the key.'),
    authScheme: z
      .string()
      .regex(/^[A-Za-z0-9-]*$/, 'Not a scheme: write one word, e.g. "Bearer", or an empty text for none.')
      .optional()
      .describe('Word before the key. `Bearer` in `authorization` unless said otherwise; none in another header.'),
    tenant: z
      .string()
      .regex(tenantPattern, tenantRule)
      .optional()
      .describe(
        'Accept only keys of consumers of this tenant. Without it, keys of every tenant that may use the route.',
      ),
    allowUnauthenticatedRequests: z
      .boolean()
      .default(false)
      .describe('Let requests without any credential pass. A key that is not valid is refused all the same.'),
    cacheTtlSeconds: z
      .number()
      .nonnegative()
      .default(60)
      .describe(
        'How long a key is remembered before the store is asked again, e.g. for changed metadata. Revocation does not wait for it. Seconds.',
      ),
  })
  .describe('API keys of consumers.')

export type ApiKeyOptions = z.output<typeof apiKeyOptions>
