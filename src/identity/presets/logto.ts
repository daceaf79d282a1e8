import { baseUrlOption, type IdentityPreset } from './preset.ts'

const options = {
  logtoEndpoint: baseUrlOption('Endpoint of the tenant, e.g. `https://acme.logto.app`.').refine(
    (url) => !url.endsWith('/oidc'),
    { error: 'must end before /oidc' },
  ),
}

/** Logto. The ID token is signed with ES384. */
export const logto: IdentityPreset<typeof options> = {
  name: 'logto',
  exportName: 'McpLogtoOAuthInboundPolicy',
  title: 'Logto',
  options,
  locate: ({ logtoEndpoint }) => ({ issuer: `${logtoEndpoint}/oidc` }),
  scope: 'openid profile email roles urn:logto:scope:organizations',
  claims: { roles: ['roles'], groups: ['groups'], tenant: ['organizations'] },
  allow: ['tenants', 'emailDomains'],
}
