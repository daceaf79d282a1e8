import type { PolicyType } from '../contracts/policy.ts'
import { mcpCapabilityFilterInbound } from './mcp-capability-filter-inbound/policy.ts'
import { mcpOAuthInbound } from './mcp-oauth-inbound/policy.ts'

/** The built-in policies. A project names them by module `$import(sallyport)` and export name. */
export const policyTypes: readonly PolicyType[] = [mcpOAuthInbound, mcpCapabilityFilterInbound]
