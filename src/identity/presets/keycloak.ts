import { z } from 'zod'
import { baseUrlOption, type IdentityPreset } from './preset.ts'

const options = {
  keycloakBaseUrl: baseUrlOption(
    'URL of Keycloak, e.g. `https://id.example.com`, with `/auth` where it has that.',
  ).refine((url) => !url.includes('/realms'), { error: 'must end before /realms' }),
  realm: z
    .string()
    .regex(/^[^/?#\s]+$/, { error: 'must be the name of a realm' })
    .describe('Name of the realm.'),
}

/** Keycloak. Roles of the realm are in the ID token when the mapper of the client scope `roles` puts them there. */
export const keycloak: IdentityPreset<typeof options> = {
  name: 'keycloak',
  exportName: 'McpKeycloakOAuthInboundPolicy',
  title: 'Keycloak',
  options,
  locate: ({ keycloakBaseUrl, realm }) => ({ issuer: `${keycloakBaseUrl}/realms/${encodeURIComponent(realm)}` }),
  scope: 'openid profile email',
  claims: { roles: ['realm_access.roles', 'roles'], groups: ['groups'], tenant: ['organization'] },
  allow: ['tenants', 'emailDomains'],
}
