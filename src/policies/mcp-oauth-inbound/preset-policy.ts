import { z } from 'zod'
import type { IdentityProviderSettings } from '../../contracts/identity-provider.ts'
import type { PolicyType } from '../../contracts/policy.ts'
import type { SignInSettings } from '../../contracts/virtual-server.ts'
import type { IdentityPreset } from '../../identity/presets/preset.ts'
import { createTokenPolicy, tokenReasons } from './policy.ts'
import {
  allowLists,
  claimOptions,
  gatewayOptions,
  idJagOptions,
  loginTimes,
  placeClaims,
  readTrustedIssuers,
  scopesOption,
  secretOption,
  tenantsOption,
} from './sign-in-options.ts'

/** The sign-in policy of one identity provider: `mcp-oauth-inbound` where the preset knows what the generic one must be told. */
export function createPresetPolicy(preset: IdentityPreset): PolicyType<PresetPolicyOptions> {
  return {
    type: `mcp-${preset.name}-oauth-inbound`,
    exportName: preset.exportName,
    summary: `Requires an access token of the gateway for this virtual server, and signs people in with ${preset.title}.`,
    options: createOptions(preset),
    reasons: tokenReasons,
    sendsNothingUpstream: true,
    authenticates: true,
    signInSettings: (options) => readSignInSettings(preset, options),
    create: ({ scopes }, host) => createTokenPolicy(host, scopes),
  }
}

type PresetPolicyOptions = z.output<ReturnType<typeof commonOptions>> & { readonly [option: string]: unknown }

function commonOptions(preset: IdentityPreset) {
  const clientId = z.string().min(1).describe('Client id of the gateway at the identity provider.')
  const { pattern, message } = preset.clientId ?? {}
  const allow = z.strictObject(pickAllowLists(preset)).prefault({})
  return z.strictObject({
    clientId: pattern === undefined ? clientId : clientId.regex(pattern, { error: message ?? 'is not a client id' }),
    clientSecret: secretOption.describe('Client secret, as `$env(NAME)`.'),
    scope: z
      .string()
      .refine((scope) => scope.split(' ').includes('openid'), { error: 'must contain "openid"' })
      .optional()
      .describe(`Scopes to ask for. Default \`${preset.scope}\`.`),
    gateway: gatewayOptions,
    scopes: scopesOption,
    browserLoginOverrides: z.strictObject(loginTimes).prefault({}).describe('How long things may take.'),
    allow: allow.describe('Who may sign in. All lists that are given must agree.'),
    claims: claimOptions,
    tenants: tenantsOption,
    idJag: idJagOptions,
  })
}

/** All of them are optional, so those that are left out read like those that are not given. */
function pickAllowLists({ allow }: IdentityPreset): typeof allowLists {
  return Object.fromEntries(allow.map((name) => [name, allowLists[name]])) as typeof allowLists
}

function createOptions(preset: IdentityPreset): z.ZodType<PresetPolicyOptions> {
  return z
    .strictObject({ ...preset.options, ...commonOptions(preset).shape })
    .superRefine((options: PresetPolicyOptions, context) => {
      const conflict = preset.findConflict?.(options, options.allow)
      if (conflict !== undefined)
        context.addIssue({ code: 'custom', path: [conflict.option], message: conflict.message })
      if (placeClaims(options.claims, preset.claims).tenant.length > 0) return
      const message = 'needs claims.tenant: the name of the claim'
      if (options.allow.tenants !== undefined) context.addIssue({ code: 'custom', path: ['allow', 'tenants'], message })
      if (options.tenants !== undefined) context.addIssue({ code: 'custom', path: ['tenants'], message })
    })
}

function readSignInSettings(preset: IdentityPreset, options: PresetPolicyOptions): SignInSettings {
  const { stateTtlSeconds, sessionTtlSeconds, sessionIdleSeconds } = options.browserLoginOverrides
  const identityProvider = readProvider(preset, options)
  const idJag = readTrustedIssuers(options.idJag, identityProvider)
  const times = { ...options.gateway, stateTtlSeconds, sessionTtlSeconds, sessionIdleSeconds }
  return { ...times, scopes: options.scopes, devLogin: false, identityProvider, idJag }
}

function readProvider(preset: IdentityPreset, options: PresetPolicyOptions): IdentityProviderSettings {
  const location = preset.locate(options)
  const { remoteTimeoutMs, signInAgainAfterSeconds } = options.browserLoginOverrides
  return {
    issuer: location.issuer,
    authorizationUrl: location.authorizationUrl,
    tokenUrl: location.tokenUrl,
    jwksUrl: location.jwksUrl,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuthentication: preset.clientAuthentication,
    scope: options.scope ?? location.scope ?? preset.scope,
    authorizationParameters: location.authorizationParameters ?? {},
    accountPrompt: preset.accountPrompt ?? 'login',
    remoteTimeoutMs,
    signInAgainAfterSeconds,
    subjectClaims: preset.subjectClaims ?? ['sub'],
    claims: placeClaims(options.claims, preset.claims),
    allow: options.allow,
    tenants: options.tenants && { map: options.tenants.map },
    userInfo: preset.userInfo ?? true,
  }
}
