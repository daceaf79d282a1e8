import { z } from 'zod'
import { hostOption, type IdentityPreset, uuidPattern } from './preset.ts'

const domains = {
  'north-america': 'com',
  canada: 'ca',
  europe: 'eu',
  singapore: 'sg',
  australia: 'com.au',
  'asia-pacific': 'asia',
} as const

const options = {
  environmentId: z
    .string()
    .regex(uuidPattern, { error: 'must be the id (UUID) of the environment' })
    .optional()
    .describe('Id of the environment, a UUID. Required unless `customDomain` is set.'),
  region: z
    .enum(['north-america', 'canada', 'europe', 'singapore', 'australia', 'asia-pacific'])
    .default('north-america')
    .describe('Region of the environment.'),
  customDomain: hostOption('Custom domain of the environment.').optional(),
}

/** PingOne. PingFederate has an issuer of its own: use `mcp-oauth-inbound`. */
export const ping: IdentityPreset<typeof options> = {
  name: 'ping',
  exportName: 'McpPingOAuthInboundPolicy',
  title: 'PingOne',
  options,
  locate: ({ environmentId, region, customDomain }) => ({
    issuer:
      customDomain === undefined
        ? `https://auth.pingone.${domains[region]}/${environmentId}/as`
        : `https://${customDomain}/as`,
  }),
  findConflict: ({ environmentId, customDomain }) =>
    environmentId === undefined && customDomain === undefined
      ? { option: 'environmentId', message: 'is required unless customDomain is set' }
      : undefined,
  scope: 'openid profile email',
  claims: { roles: ['roles'], groups: ['groups', 'memberOfGroupNames'], tenant: [] },
  allow: ['tenants', 'emailDomains'],
}
