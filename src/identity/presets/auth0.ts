import { z } from 'zod'
import { hostOption, type IdentityPreset } from './preset.ts'

const options = {
  auth0Domain: hostOption('Domain of the tenant, e.g. `acme.eu.auth0.com`, or its custom domain.'),
  audience: z.string().min(1).optional().describe('API identifier, sent as `audience`.'),
}

/** Auth0. Roles and groups come as namespaced claims that an Action of the tenant adds. */
export const auth0: IdentityPreset<typeof options> = {
  name: 'auth0',
  exportName: 'McpAuth0OAuthInboundPolicy',
  title: 'Auth0',
  options,
  locate: ({ auth0Domain, audience }) => ({
    // The closing slash is part of the issuer.
    issuer: `https://${auth0Domain}/`,
    ...(audience !== undefined && { authorizationParameters: { audience } }),
  }),
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  claims: { roles: ['roles', '*/roles'], groups: ['groups', '*/groups'], tenant: ['org_id'] },
  allow: ['tenants', 'emailDomains'],
}
