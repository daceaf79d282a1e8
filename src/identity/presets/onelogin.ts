import { z } from 'zod'
import type { IdentityPreset } from './preset.ts'

const options = {
  oneLoginSubdomain: z
    .string()
    .regex(/^[a-z0-9-]+$/i, { error: 'must be the subdomain alone, e.g. acme' })
    .describe('Subdomain of `onelogin.com`, e.g. `acme`.'),
}

/** OneLogin. */
export const onelogin: IdentityPreset<typeof options> = {
  name: 'onelogin',
  exportName: 'McpOneLoginOAuthInboundPolicy',
  title: 'OneLogin',
  options,
  locate: ({ oneLoginSubdomain }) => ({ issuer: `https://${oneLoginSubdomain}.onelogin.com/oidc/2` }),
  scope: 'openid profile email groups',
  claims: { roles: ['roles', 'params.roles'], groups: ['groups'], tenant: [] },
  allow: ['tenants', 'emailDomains'],
}
