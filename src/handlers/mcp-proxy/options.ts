import { z } from 'zod'

// Credentials, hop-by-hop headers, and what the gateway computes itself for the upstream hop.
const neverForwarded = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'host',
  'origin',
  'referer',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'forwarded',
  'via',
  'accept',
  'accept-encoding',
  'content-type',
  'content-length',
  'content-encoding',
  'last-event-id',
])

function mayForward(name: string): boolean {
  return !neverForwarded.has(name) && !/^(mcp-|x-forwarded-|x-real-ip|sec-|access-control-)/.test(name)
}

/** Options of McpProxyHandler. */
export const mcpProxyOptions = z.strictObject({
  rewritePattern: z
    .url({ protocol: /^https?$/ })
    .describe('URL of the MCP endpoint of the upstream: one absolute URL, after `${env.NAME}` is replaced.'),
  forwardHeaders: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9-]+$/, 'must be a header name')
        .refine(
          mayForward,
          'is a header that never goes upstream; set it with set-headers-inbound if the upstream needs one',
        ),
    )
    .default([])
    .describe('Client headers sent upstream, besides those of the trace, which `propagation` of the route is about.'),
  protocol: z
    .enum(['auto', 'modern', 'legacy'])
    .default('auto')
    .describe(
      'Era that is spoken with the upstream. `auto`: that of each client, until the upstream shows that it speaks only the other; `modern`: always 2026-07-28; `legacy`: always 2025-11-25 or older.',
    ),
  forwardSearch: z.boolean().default(true).describe("Append the client's query string to the upstream URL."),
})

export type McpProxyOptions = z.output<typeof mcpProxyOptions>
