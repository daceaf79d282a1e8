import { z } from 'zod'
import { providerUrl } from '../../identity/provider-url.ts'
import { tenantMap } from '../../identity/tenant-map.ts'
import { jwtAlgorithms } from '../../identity/verify-jwt.ts'
import { tenantPattern, tenantRule } from '../../lib/tenant.ts'

const headerToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])
const claimValue = z.union([z.string(), z.number(), z.boolean()])

/** Options of `open-id-jwt-auth-inbound`. */
export const openIdJwtOptions = z
  .strictObject({
    issuer: providerUrl.describe('`iss` of the tokens, exactly. Its metadata says where its keys are.'),
    audience: texts
      .transform((audience) => [audience].flat())
      .describe('`aud` of the tokens: the text, or one of several, that the issuer puts in for this gateway.'),
    jwkUrl: providerUrl
      .optional()
      .describe("Where the issuer's public keys are, when its metadata is not to be asked."),
    authHeader: z
      .string()
      .regex(headerToken, 'Not a header name: use letters, digits and hyphens, e.g. "x-token".')
      .transform((name) => name.toLowerCase())
      .default('authorization')
      .describe('Name of the header that carries the token, after the word `Bearer`.'),
    algorithms: z
      .array(z.enum(jwtAlgorithms))
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
      .describe('Signature algorithms accepted. HMAC and `none` cannot be.'),
    clockToleranceSeconds: z
      .number()
      .nonnegative()
      .max(300)
      .default(5)
      .describe('How far the clocks of issuer and gateway may differ. Seconds.'),
    requiredClaims: z
      .record(z.string().min(1), z.union([claimValue, z.array(claimValue)]))
      .default({})
      .describe('Claims that a token must have, with the value, or one of the values, accepted; `[]` accepts any.'),
    subPropertyName: z.string().min(1).default('sub').describe('Claim that names the subject.'),
    subjectMapping: z
      .enum(['iss_prefix', 'sub_id_only'])
      .default('iss_prefix')
      .describe(
        'Whether subjects are `<issuer>|<sub>` (the issuer without `https://`), as people who sign in there have them, or `sub` alone.',
      ),
    tenant: z
      .string()
      .regex(tenantPattern, tenantRule)
      .optional()
      .describe('Tenant of every subject of this issuer. Without it and `tenants`, that of the route, else `default`.'),
    tenants: z
      .strictObject({
        claim: z.string().min(1).describe('Claim that names the tenant: its name, or a path like `org.id`.'),
        map: tenantMap.optional(),
      })
      .optional()
      .describe('Each subject is in the tenant that a claim names; a token without one is refused.'),
    allowUnauthenticatedRequests: z
      .boolean()
      .default(false)
      .describe('Let requests without any credential pass. A token that is not valid is refused all the same.'),
    staleKeysSeconds: z
      .number()
      .nonnegative()
      .default(3600)
      .describe(
        'How long the keys that were read last are used while the issuer cannot be reached; then its tokens are refused. Seconds.',
      ),
    remoteTimeoutMs: z.int().positive().default(10_000).describe('Time for one request to the issuer. Milliseconds.'),
  })
  .refine(({ tenant, tenants }) => tenant === undefined || tenants === undefined, {
    path: ['tenants'],
    error: 'says the tenant a second time: write tenant or tenants',
  })
  .describe('Tokens of an issuer of your own.')

export type OpenIdJwtOptions = z.output<typeof openIdJwtOptions>
