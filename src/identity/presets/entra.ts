import { z } from 'zod'
import { type IdentityPreset, uuidPattern } from './preset.ts'

const hosts = {
  public: 'login.microsoftonline.com',
  'us-government': 'login.microsoftonline.us',
  china: 'login.partner.microsoftonline.cn',
} as const

const options = {
  tenantId: z
    .string()
    .refine((id) => uuidPattern.test(id) || id === 'organizations' || id === 'common', {
      error: 'must be the id (UUID) of the tenant, or "organizations" together with allow.tenants',
    })
    .describe('Directory (tenant) id, a UUID. `organizations` or `common` need `allow.tenants`.'),
  cloud: z
    .enum(['public', 'us-government', 'china'])
    .default('public')
    .describe('Which Microsoft cloud the tenant is in.'),
}

/**
 * Microsoft Entra ID. `sub` differs for every application, so a person is tenant and object id. Addresses are not verified, hence
 * no allow-list of domains: the tenant decides.
 */
export const entra: IdentityPreset<typeof options> = {
  name: 'entra',
  exportName: 'McpEntraOAuthInboundPolicy',
  title: 'Microsoft Entra ID',
  options,
  locate: ({ tenantId, cloud }) => ({ issuer: `https://${hosts[cloud]}/${tenantId}/v2.0` }),
  findConflict: ({ tenantId, cloud }, { tenants }) => {
    if (uuidPattern.test(tenantId)) return undefined
    if (tenants === undefined) {
      const message = `"${tenantId}" lets everybody with a Microsoft account in: name them in allow.tenants`
      return { option: 'tenantId', message }
    }
    // The library knows the issuer of several tenants in the public cloud only.
    return cloud === 'public' ? undefined : { option: 'cloud', message: 'needs the id of one tenant' }
  },
  scope: 'openid profile email',
  clientAuthentication: 'client_secret_post',
  accountPrompt: 'select_account',
  subjectClaims: ['tid', 'oid'],
  claims: { roles: ['roles'], groups: ['groups'], tenant: ['tid'] },
  allow: ['tenants'],
  userInfo: false,
}
