import { z } from 'zod'
import { tenantPattern, tenantRule } from '../lib/tenant.ts'
import { versionPattern } from '../registry/describe-server.ts'
import { propagationModes } from './settings/telemetry.ts'

const registry = z.strictObject({
  listed: z.boolean().default(true).describe('Whether the registry shows this server.'),
  version: z
    .string()
    .regex(versionPattern, 'must be one version, not a range')
    .optional()
    .describe('Version of the entry. Default: `info.version` of the file and a mark that changes with the entry.'),
  websiteUrl: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('Page with more about the server.'),
  icons: z
    .array(
      z.strictObject({
        src: z
          .url({ protocol: /^https$/ })
          .max(255)
          .describe('Where the picture is.'),
        mimeType: z
          .enum(['image/png', 'image/jpeg', 'image/jpg', 'image/svg+xml', 'image/webp'])
          .optional()
          .describe('Kind of picture.'),
        sizes: z
          .array(z.string().regex(/^(\d+x\d+|any)$/, 'must be e.g. "48x48", or "any"'))
          .optional()
          .describe('Sizes that it is made for.'),
        theme: z.enum(['light', 'dark']).optional().describe('Background that it is made for.'),
      }),
    )
    .default([])
    .describe('Pictures that clients may show.'),
})

/** `x-gateway-route` of an operation: what answers it and which policies stand in front. */
export const routeExtensionSchema = z.strictObject({
  corsPolicy: z
    .string()
    .default('none')
    .describe('`none`, `anything-goes`, or the name of an entry of `corsPolicies` in policies.json.'),
  handler: z
    .strictObject({
      module: z.string().describe('Where the handler comes from: `$import(sallyport)`.'),
      export: z.string().describe('Export of that module, e.g. `McpProxyHandler`.'),
      options: z
        .record(z.string(), z.unknown())
        .default({})
        .describe('Options of the handler. `$env(NAME)` works in values, `${env.NAME}` in URLs.'),
    })
    .describe('What answers requests of this operation.'),
  policies: z
    .strictObject({
      inbound: z.array(z.string()).default([]).describe('Names of policies, in the order they see a request.'),
      outbound: z.array(z.string()).default([]).describe('Not supported yet: must be empty.'),
    })
    .prefault({})
    .describe('Policies of this operation.'),
  propagation: z
    .enum(propagationModes)
    .optional()
    .describe('What the upstream is told of the trace a call belongs to. Default: `telemetry.propagation`.'),
  enabled: z
    .boolean()
    .default(true)
    .describe('`false`: checked like every other operation, and not served, neither to clients nor to aggregates.'),
  internal: z.boolean().default(false).describe('Answers only as a member of an aggregate, not on its own path.'),
  tenant: z
    .string()
    .regex(tenantPattern, tenantRule)
    .optional()
    .describe(
      'Tenant that this operation belongs to: nobody of another one may use it. Without it, every caller acts in the tenant of their own.',
    ),
  registry: registry.prefault({}).describe('Entry of this server in the registry.'),
})

export type RouteExtension = z.output<typeof routeExtensionSchema>
