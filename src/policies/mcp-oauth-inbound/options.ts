import { z } from 'zod'
import type { IdentityProviderSettings } from '../../contracts/identity-provider.ts'
import type { SignInSettings } from '../../contracts/virtual-server.ts'
import { providerUrl } from '../../identity/provider-url.ts'
import {
  allowLists,
  claimOptions,
  gatewayOptions,
  idJagOptions,
  isDevLoginUrl,
  loginTimes,
  placeClaims,
  readTrustedIssuers,
  scopesOption,
  secretOption,
  tenantsOption,
} from './sign-in-options.ts'

const oidc = z.strictObject({
  issuer: providerUrl.describe('Issuer of the identity provider. Its metadata is found from here.'),
  jwksUrl: providerUrl.optional().describe('Signing keys, when the metadata does not say them.'),
  audience: z
    .string()
    .optional()
    .describe('Accepted and ignored: an ID token must name `clientId` as its audience (OpenID Connect Core §3.1.3.7).'),
})

const loginUrl = z
  .string()
  .refine((text) => isDevLoginUrl(text) || providerUrl.safeParse(text).success, {
    error: 'must be an https URL, or "/oauth/dev-login" (also as a URL on loopback)',
  })
  .describe(
    'Where people are sent, when the metadata of the issuer does not say it; or `/oauth/dev-login`, also as a URL on loopback.',
  )

const browserLogin = z.strictObject({
  url: loginUrl.optional(),
  tokenUrl: providerUrl.optional().describe('Token endpoint, when the metadata does not say it.'),
  clientId: z.string().min(1).optional().describe('Client id of the gateway at the identity provider.'),
  clientSecret: secretOption.optional().describe('Client secret, as `$env(NAME)`. Absent for a public client.'),
  scope: z.string().default('openid profile email').describe('Scopes to ask for; `openid` is among them.'),
  audience: z.string().min(1).optional().describe('Sent as `audience`, for providers that want one.'),
  ...loginTimes,
})

/** Options of `mcp-oauth-inbound`. */
export const mcpOAuthOptions = z
  .strictObject({
    oidc: oidc.optional().describe('The identity provider. Required unless `browserLogin.url` is dev login.'),
    browserLogin: browserLogin.describe('How people sign in.'),
    gateway: gatewayOptions,
    scopes: scopesOption,
    allow: z.strictObject(allowLists).prefault({}).describe('Who may sign in. All lists that are given must agree.'),
    claims: claimOptions,
    tenants: tenantsOption,
    idJag: idJagOptions,
  })
  .superRefine(({ oidc, browserLogin, allow, claims, tenants }, context) => {
    if (isDevLogin(browserLogin)) return
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (oidc === undefined) report(['oidc'], 'is required, unless browserLogin.url is "/oauth/dev-login"')
    if (browserLogin.clientId === undefined)
      report(['browserLogin', 'clientId'], 'is required to sign in at an identity provider')
    if (!browserLogin.scope.split(' ').includes('openid')) report(['browserLogin', 'scope'], 'must contain "openid"')
    if (claims.tenant !== undefined) return
    if (allow.tenants !== undefined)
      report(['allow', 'tenants'], 'needs claims.tenant: the name of the claim that is compared')
    if (tenants !== undefined) report(['tenants'], 'needs claims.tenant: the name of the claim')
  })

export type McpOAuthOptions = z.output<typeof mcpOAuthOptions>

/** What the options say about signing in. */
export function readSignInSettings(options: McpOAuthOptions): SignInSettings {
  const { stateTtlSeconds, sessionTtlSeconds, sessionIdleSeconds } = options.browserLogin
  const times = { ...options.gateway, stateTtlSeconds, sessionTtlSeconds, sessionIdleSeconds, scopes: options.scopes }
  if (isDevLogin(options.browserLogin)) {
    return { ...times, devLogin: true, idJag: readTrustedIssuers(options.idJag, undefined) }
  }
  const identityProvider = readProvider(options)
  return { ...times, devLogin: false, identityProvider, idJag: readTrustedIssuers(options.idJag, identityProvider) }
}

function isDevLogin({ url }: { readonly url?: string | undefined }): boolean {
  return url !== undefined && isDevLoginUrl(url)
}

function readProvider({ oidc, browserLogin, allow, claims, tenants }: McpOAuthOptions): IdentityProviderSettings {
  const { url, tokenUrl, clientId, clientSecret, scope, audience, remoteTimeoutMs, signInAgainAfterSeconds } =
    browserLogin
  return {
    issuer: oidc?.issuer ?? '',
    authorizationUrl: url,
    tokenUrl,
    jwksUrl: oidc?.jwksUrl,
    clientId: clientId ?? '',
    clientSecret,
    clientAuthentication: undefined,
    scope,
    authorizationParameters: audience === undefined ? {} : { audience },
    accountPrompt: 'login',
    remoteTimeoutMs,
    signInAgainAfterSeconds,
    subjectClaims: ['sub'],
    claims: placeClaims(claims, { roles: ['roles'], groups: ['groups'], tenant: [] }),
    allow,
    tenants: tenants && { map: tenants.map },
    userInfo: true,
  }
}
