import { z } from 'zod'
import { tenantPattern, tenantRule } from '../lib/tenant.ts'

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
  tenant: z
    .string()
    .regex(tenantPattern, tenantRule)
    .optional()
    .describe(
      'Tenant that this operation belongs to: nobody of another one may use it. Without it, every caller acts in the tenant of their own.',
    ),
})

export type RouteExtension = z.output<typeof routeExtensionSchema>
