import { baseUrlOption, type IdentityPreset } from './preset.ts'

const options = {
  frontendApiUrl: baseUrlOption('Frontend API URL, e.g. `https://clerk.example.com`.').refine(
    (url) => URL.parse(url)?.pathname === '/',
    { error: 'must be an origin: no path' },
  ),
}

/** Clerk. */
export const clerk: IdentityPreset<typeof options> = {
  name: 'clerk',
  exportName: 'McpClerkOAuthInboundPolicy',
  title: 'Clerk',
  options,
  locate: ({ frontendApiUrl }) => ({ issuer: frontendApiUrl }),
  scope: 'openid profile email',
  claims: { roles: ['roles', 'org_role', 'public_metadata.roles'], groups: ['groups'], tenant: ['org_id'] },
  allow: ['tenants', 'emailDomains'],
}
