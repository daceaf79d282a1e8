import { z } from 'zod'

const nameList = z
  .union([z.array(z.string()), z.string()])
  .transform((names) =>
    (typeof names === 'string' ? names.split(',') : names).map((name) => name.trim()).filter(Boolean),
  )

/** One entry of `policies` in policies.json. Its options are checked by its policy type. */
export const policyEntrySchema = z.strictObject({
  name: z.string().min(1).describe('Name that routes use in `policies.inbound`. Unique in the project.'),
  policyType: z.string().describe('Kind of policy, e.g. `rate-limit-inbound`.'),
  handler: z
    .strictObject({
      module: z.string().describe('Where the policy comes from: `$import(sallyport)`.'),
      export: z.string().describe('Export of that module, e.g. `RateLimitInboundPolicy`.'),
      options: z
        .record(z.string(), z.unknown())
        .default({})
        .describe('Options of the policy type. `$env(NAME)` works in values.'),
    })
    .describe('Implementation and options.'),
})

/** One entry of `corsPolicies` in policies.json. */
const corsPolicySchema = z.strictObject({
  name: z.string().min(1).describe('Name that routes use in `corsPolicy`. Not `none` or `anything-goes`.'),
  allowedOrigins: nameList.describe(
    'Origins, as a list or separated by commas. `https://*.example.com` matches one label; `*` all.',
  ),
  allowedMethods: nameList
    .default(['GET', 'POST', 'DELETE', 'OPTIONS'])
    .describe('HTTP methods that browsers may use.'),
  allowedHeaders: nameList.default(['*']).describe('Request headers that browsers may send.'),
  exposeHeaders: nameList
    .default([])
    .describe('Response headers that scripts may read, besides those MCP and OAuth need.'),
  maxAge: z.int().nonnegative().default(600).describe('How long a browser may remember a preflight. Seconds.'),
  allowCredentials: z.boolean().default(false).describe('Whether cookies may be sent.'),
})

/** `config/policies.json`. */
export const policiesFileSchema = z.strictObject({
  $schema: z.string().optional().describe('JSON Schema for editors.'),
  policies: z.array(policyEntrySchema).default([]).describe('Policies that routes can name.'),
  corsPolicies: z.array(corsPolicySchema).default([]).describe('CORS policies that routes can name.'),
})

export type PolicyEntry = z.output<typeof policyEntrySchema>
export type PoliciesFile = z.output<typeof policiesFileSchema>
