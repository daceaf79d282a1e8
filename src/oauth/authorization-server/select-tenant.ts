import { GatewayError } from '../../errors/gateway-error.ts'
import { joinTenants } from '../../lib/tenant.ts'
import type { AskingClient } from './interaction.ts'

/** The tenant of what a person with this claim may allow this client. Throws `identity_not_allowed` where they are of different ones. */
export function selectTenant({ server, tenant: ofClient }: AskingClient, claimed: string | undefined): string {
  const tenant = joinTenants(claimed, server.tenant, ofClient)
  if (tenant !== undefined) return tenant
  const given = { account: claimed, 'virtual server': server.tenant, client: ofClient }
  const those = Object.entries(given).flatMap(([what, name]) => (name === undefined ? [] : what))
  // Without their names: the event is one of a tenant, and who the others are is none of its business.
  throw new GatewayError('identity_not_allowed', { detail: `${those.join(' and ')} are of different tenants` })
}
