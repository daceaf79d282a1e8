/** The tenant of whatever nobody gave another. */
export const defaultTenant = 'default'

/** Names of tenants: part of storage keys, command lines and events, so they look the same everywhere. */
export const tenantPattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** What a name of another shape is told. */
export const tenantRule =
  'must be a tenant: up to 63 lower-case letters, digits and "-", beginning with a letter or digit'

/**
 * The tenant in which somebody acts: that of a claim, of the virtual server, of the client, whichever there are; the default one where
 * none says. Undefined when they are not of the same.
 */
export function joinTenants(...tenants: readonly (string | undefined)[]): string | undefined {
  const [tenant = defaultTenant, ...others] = new Set(tenants.filter((each) => each !== undefined))
  return others.length === 0 ? tenant : undefined
}
