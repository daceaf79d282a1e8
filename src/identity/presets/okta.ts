import { z } from 'zod'
import { hostOption, type IdentityPreset } from './preset.ts'

const options = {
  oktaDomain: hostOption('Domain of the organisation, e.g. `acme.okta.com`; not the `-admin` host.').refine(
    (host) => !/-admin\./i.test(host),
    { error: 'must not be the -admin host: it issues no tokens' },
  ),
  authorizationServerId: z
    .string()
    .regex(/^[\w-]+$/)
    .optional()
    .describe('Id of a custom authorization server, e.g. `default`. Absent: the server of the organisation.'),
}

/** Okta. Only the server of the organisation knows the scope `groups` by itself. */
export const okta: IdentityPreset<typeof options> = {
  name: 'okta',
  exportName: 'McpOktaOAuthInboundPolicy',
  title: 'Okta',
  options,
  locate: ({ oktaDomain, authorizationServerId }) =>
    authorizationServerId === undefined
      ? { issuer: `https://${oktaDomain}`, scope: 'openid profile email groups' }
      : { issuer: `https://${oktaDomain}/oauth2/${authorizationServerId}` },
  scope: 'openid profile email',
  claims: { roles: ['roles'], groups: ['groups'], tenant: [] },
  allow: ['tenants', 'emailDomains'],
}
