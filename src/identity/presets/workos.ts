import { hostOption, type IdentityPreset } from './preset.ts'

const options = {
  authkitDomain: hostOption('AuthKit domain, e.g. `acme.authkit.app`, or its custom domain.').optional(),
}

const api = 'https://api.workos.com'

/** WorkOS. AuthKit is an OpenID provider; without its domain the endpoints of User Management are used. */
export const workos: IdentityPreset<typeof options> = {
  name: 'workos',
  exportName: 'McpWorkosOAuthInboundPolicy',
  title: 'WorkOS',
  options,
  clientId: { pattern: /^client_\w+$/, message: 'must be a client id like client_01ABC' },
  locate: ({ authkitDomain, clientId }) =>
    authkitDomain === undefined
      ? {
          issuer: `${api}/user_management/${clientId}`,
          authorizationUrl: `${api}/user_management/authorize`,
          tokenUrl: `${api}/user_management/authenticate`,
          jwksUrl: `${api}/sso/jwks/${clientId}`,
          authorizationParameters: { provider: 'authkit' },
        }
      : { issuer: `https://${authkitDomain}` },
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  claims: { roles: ['roles', 'role'], groups: ['groups'], tenant: ['org_id'] },
  allow: ['tenants', 'emailDomains'],
}
