import type { IdentityPreset } from './preset.ts'

/** Google. Which organisation a person belongs to is the claim `hd`; the domain of the address proves nothing. */
export const google: IdentityPreset = {
  name: 'google',
  exportName: 'McpGoogleOAuthInboundPolicy',
  title: 'Google',
  options: {},
  clientId: {
    pattern: /^[\w-]+\.apps\.googleusercontent\.com$/,
    message: 'must be a client id that ends with .apps.googleusercontent.com',
  },
  locate: () => ({ issuer: 'https://accounts.google.com' }),
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  accountPrompt: 'select_account',
  claims: { roles: [], groups: [], tenant: ['hd'] },
  allow: ['hostedDomains', 'emailDomains'],
}
