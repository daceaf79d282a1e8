/** How the credential of a new upstream is obtained: a mode of `mcp-token-exchange-inbound`, or none at all. */
export const upstreamModes = ['none', 'user-oauth', 'shared-oauth', 'user-api-key', 'shared-api-key'] as const

export type UpstreamMode = (typeof upstreamModes)[number]
