import { z } from 'zod'
import type { ClaimPlaces, IdentityProviderSettings } from '../../contracts/identity-provider.ts'
import type { SignInSettings } from '../../contracts/virtual-server.ts'
import { nameProvider } from '../../identity/known-subjects.ts'
import { providerUrl } from '../../identity/provider-url.ts'
import { tenantMap } from '../../identity/tenant-map.ts'
import { isLoopbackHost } from '../../lib/loopback.ts'
import { Secret } from '../../lib/secret.ts'
import { tenantPattern, tenantRule } from '../../lib/tenant.ts'
import { defaultScope } from '../../oauth/default-scope.ts'

const seconds = (defaultValue: number, description: string) =>
  z.number().positive().default(defaultValue).describe(`${description} Seconds.`)

const documentHosts = z.array(
  z
    .string()
    .regex(/^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'must be a host name, e.g. "claude.ai" or "*.example.com"'),
)

/** Tokens of the gateway, whoever signs people in. */
export const gatewayOptions = z
  .strictObject({
    accessTokenTtlSeconds: seconds(900, 'Lifetime of an access token.'),
    refreshTokenTtlSeconds: seconds(2_592_000, 'Lifetime of a refresh token; every use begins it anew.'),
    refreshTokenLeewaySeconds: z
      .number()
      .nonnegative()
      .default(10)
      .describe('How long a used refresh token is still accepted, for clients with several windows. Seconds.'),
    authorizationCodeTtlSeconds: seconds(60, 'Lifetime of an authorization code.'),
    cimdEnabled: z
      .boolean()
      .default(true)
      .describe('Accept clients that identify themselves by a metadata document (CIMD).'),
    cimdAllowedHosts: documentHosts
      .optional()
      .describe('Hosts whose metadata documents are accepted; all if absent. `*.example.com` is every name below it.'),
    cimdDeniedHosts: documentHosts
      .optional()
      .describe('Hosts whose metadata documents are never accepted, whatever else is allowed.'),
    redirectSchemes: z
      .array(z.string().regex(/^[a-z][a-z0-9+.-]*$/, 'must be the scheme of an application, e.g. "cursor"'))
      .optional()
      .describe(
        'Private-use URI schemes of applications that may register; any if absent, none if empty. Schemes that run code or belong to a network protocol are refused in every case.',
      ),
  })
  .prefault({})
  .describe('Tokens of the gateway.')

/** RFC 6749 §3.3. The provider gives the two reserved ones a meaning of its own; scopes are compared as they stand. */
const scopeToken = z
  .string()
  .max(128)
  .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be a scope: printable ASCII without space, quote and backslash')
  .refine((scope) => scope !== 'openid' && scope !== 'offline_access' && !scope.includes('*'), {
    error: 'must be neither "openid" nor "offline_access", and without "*"',
  })
const scopeList = z.array(scopeToken).min(1)

/** Scopes of virtual servers and of their tools. */
export const scopesOption = z
  .record(
    z.string(),
    z.strictObject({
      base: scopeList.default([defaultScope]).describe('What every access token for this virtual server carries.'),
      tools: z
        .record(z.string().min(1), scopeList)
        .default({})
        .describe(
          'Tools, by name or `*` glob, and the scopes that calling them needs besides. Upper and lower case are the same here.',
        ),
      stepUp: z
        .enum(['challenge', 'tool-error'])
        .default('challenge')
        .describe(
          'How a call that needs more scopes is answered: `challenge` is 403 with `insufficient_scope`, on which clients ask the person for more; `tool-error` is a failed result that says what to do, for clients that only show "403".',
        ),
    }),
  )
  .optional()
  .describe('Scopes of virtual servers, by name. Those that are not named have the one scope `mcp:tools`.')

/** How long a sign-in and its session last, and how long the provider may take. */
export const loginTimes = {
  pkce: z.enum(['S256', 'none']).optional().describe('Accepted and ignored: PKCE with S256 is always used.'),
  remoteTimeoutMs: z
    .int()
    .min(100)
    .max(60_000)
    .default(10_000)
    .describe('How long each request to the identity provider may take. Milliseconds.'),
  stateTtlSeconds: seconds(900, 'How long a sign-in may take.'),
  sessionTtlSeconds: seconds(28_800, 'How long a browser stays signed in at most.'),
  sessionIdleSeconds: seconds(3600, 'How long a browser stays signed in while nothing is connected in it.'),
  signInAgainAfterSeconds: z
    .number()
    .positive()
    .optional()
    .describe(
      'How long after a sign-in at the identity provider clients may renew their tokens; then the person signs in there again. Default: as long as the grant. Seconds.',
    ),
}

/** A secret from a project file; from here on it does not print. */
export const secretOption = z
  .string()
  .min(1)
  .transform((text) => new Secret(text))

const names = z.array(z.string().min(1)).min(1)

/** Every list that may restrict who signs in. */
export const allowLists = {
  tenants: names.optional().describe('Tenants that may sign in: values of the tenant claim.'),
  hostedDomains: names.optional().describe('Google Workspace domains that may sign in: values of the claim `hd`.'),
  emailDomains: names
    .optional()
    .describe('Domains of email addresses that may sign in. Only addresses that the provider verified count.'),
}

const place = z.string().min(1).optional()

/** Where claims are, when not at their usual place. */
export const claimOptions = z
  .strictObject({
    roles: place.describe('Claim with the roles: its name, or a path like `realm_access.roles`.'),
    groups: place.describe('Claim with the groups.'),
    tenant: place.describe('Claim with the tenant.'),
    team: place.describe('Claim with the team that calls are attributed to in events and costs. No default.'),
  })
  .prefault({})
  .describe('Where roles, groups, tenant and team are, when not where this identity provider usually has them.')

/** How people come into tenants. */
export const tenantsOption = z
  .strictObject({
    fromClaim: z.literal(true).describe('People are in the tenant that their tenant claim (`claims.tenant`) names.'),
    map: tenantMap.optional(),
  })
  .optional()
  .describe(
    'Tenants of people. Without it they are in the tenant of the virtual server that they use. With it, whoever has no claim that names one tenant may not sign in.',
  )

/** The places that a project names, else the usual ones. */
export function placeClaims(named: z.output<typeof claimOptions>, usual: ClaimPlaces): ClaimPlaces {
  const choose = (name: string | undefined, places: readonly string[]) => (name === undefined ? places : [name])
  return {
    roles: choose(named.roles, usual.roles),
    groups: choose(named.groups, usual.groups),
    tenant: choose(named.tenant, usual.tenant),
    ...(named.team !== undefined && { team: [named.team] }),
  }
}

const trustedIssuer = z.strictObject({
  tenant: z
    .string()
    .regex(tenantPattern, tenantRule)
    .optional()
    .describe('Tenant of everybody that it speaks for. Without it, that of the virtual server.'),
  issuer: providerUrl.describe('`iss` of the assertions, exactly.'),
  jwksUrl: providerUrl.optional().describe('Where its keys are, when its metadata is not to be asked.'),
  expectedClientIds: names.optional().describe('Client ids that it may speak for; any if absent.'),
  subjectMapping: z
    .enum(['iss_prefix', 'sub_id_only'])
    .default('iss_prefix')
    .describe(
      'Whether subjects are `<issuer>|<sub>` (the issuer without `https://`), as people who sign in have them, or `sub` alone.',
    ),
})

/** Enterprise-managed authorization. */
export const idJagOptions = z
  .strictObject({
    enabled: z.boolean().describe('Whether identity assertions are exchanged for access tokens.'),
    trustedIssuers: z
      .array(trustedIssuer)
      .min(1)
      .optional()
      .describe('Whose assertions. If absent, those of the identity provider that people sign in with.'),
  })
  .optional()
  .describe('Identity assertions (ID-JAG) of a company identity provider, for clients that the company manages.')

/** The issuers that the options trust. The people of the sign-in provider are the same people with either way in. */
export function readTrustedIssuers(
  idJag: z.output<typeof idJagOptions>,
  provider: IdentityProviderSettings | undefined,
): SignInSettings['idJag'] {
  if (!idJag?.enabled) return undefined
  if (provider === undefined) return idJag.trustedIssuers
  const { issuer, jwksUrl, allow, claims, tenants } = provider
  const trusted = idJag.trustedIssuers ?? [{ issuer, jwksUrl, subjectMapping: 'iss_prefix' as const }]
  const isProvider = (each: { readonly issuer: string }) => nameProvider(each) === nameProvider(provider)
  return trusted.map((each) => (isProvider(each) ? { ...each, signIn: { allow, claims, tenants } } : each))
}

/** True for the development sign-in: its path, or its URL on loopback. */
export function isDevLoginUrl(text: string): boolean {
  if (text === '/oauth/dev-login') return true
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return (
    isLoopbackHost(url.hostname) && url.pathname.endsWith('/oauth/dev-login') && url.search === '' && url.hash === ''
  )
}
