import { z } from 'zod'

/** Options of `rate-limit-inbound`. */
export const rateLimitOptions = z
  .strictObject({
    rateLimitBy: z
      .enum(['user', 'ip', 'all'])
      .default('user')
      .describe(
        'Who shares one count: each signed-in `user` (needs an authentication policy before this one), each client ' +
          'address `ip` (an IPv6 network of 64 bits counts as one), or `all` callers together. Each tenant has counts of its own.',
      ),
    requestsAllowed: z.int().min(1).describe('Requests allowed within the window.'),
    timeWindowMinutes: z
      .number()
      .positive()
      .max(44_640)
      .describe('Length of the sliding window in minutes; fractions are allowed, 0.1 is 6 seconds.'),
    headerMode: z
      .enum(['retry-after', 'none'])
      .default('retry-after')
      .describe('Whether a refusal says in `Retry-After` when to come back.'),
  })
  .describe('Requests allowed per caller in any window of time.')

export type RateLimitOptions = z.infer<typeof rateLimitOptions>
