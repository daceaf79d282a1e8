import type { PolicyType } from '../contracts/policy.ts'
import { identityPresets } from '../identity/presets/index.ts'
import { apiKeyInbound } from './api-key-inbound/policy.ts'
import { mcpCapabilityFilterInbound } from './mcp-capability-filter-inbound/policy.ts'
import { mcpOAuthInbound } from './mcp-oauth-inbound/policy.ts'
import { createPresetPolicy } from './mcp-oauth-inbound/preset-policy.ts'
import { mcpPinnedContractsInbound } from './mcp-pinned-contracts-inbound/policy.ts'
import { mcpTokenExchangeInbound } from './mcp-token-exchange-inbound/policy.ts'
import { openIdJwtAuthInbound } from './open-id-jwt-auth-inbound/policy.ts'
import { rateLimitInbound } from './rate-limit-inbound/policy.ts'
import { removeHeadersInbound } from './remove-headers-inbound/policy.ts'
import { setHeadersInbound } from './set-headers-inbound/policy.ts'
import { setUpstreamApiKeyInbound } from './set-upstream-api-key-inbound/policy.ts'

/** The built-in policies. A project names them by module `$import(sallyport)` and export name. */
export const policyTypes: readonly PolicyType[] = [
  mcpOAuthInbound,
  ...identityPresets.map(createPresetPolicy),
  apiKeyInbound,
  openIdJwtAuthInbound,
  mcpTokenExchangeInbound,
  mcpCapabilityFilterInbound,
  mcpPinnedContractsInbound,
  rateLimitInbound,
  setHeadersInbound,
  removeHeadersInbound,
  setUpstreamApiKeyInbound,
]
