import type { PolicyType } from '../../contracts/policy.ts'
import type { UpstreamOAuth, UpstreamSettings } from '../../contracts/upstream.ts'
import { type TokenExchangeOptions, tokenExchangeOptions } from './options.ts'

/**
 * `mcp-token-exchange-inbound`: with whose credential the upstream is reached. It only declares: the handler asks the broker for the
 * credential of each call.
 */
export const mcpTokenExchangeInbound: PolicyType<TokenExchangeOptions> = {
  type: 'mcp-token-exchange-inbound',
  exportName: 'McpTokenExchangeInboundPolicy',
  summary: "Reaches the upstream with the right credential for this person: their own, a shared one, or the gateway's.",
  options: tokenExchangeOptions,
  reasons: [],
  upstreamSettings: readUpstreamSettings,
  create: () => ({}),
}

const namePrefix = /^mcp-token-exchange-/

function readUpstreamSettings(options: TokenExchangeOptions, policyName: string, url: string): UpstreamSettings {
  const { displayName, summary, authMode, clientCredentials, tokenExchange, idJag } = options
  const { clientCertificate, trustedHosts, shareCatalog } = options
  return {
    id: options.id ?? idOf(policyName),
    displayName,
    summary,
    mode: authMode,
    url,
    oauth: readOAuth(options),
    apiKey: readApiKey(options),
    clientCredentials,
    tokenExchange,
    idJag,
    clientCertificate,
    trustedHosts,
    shareCatalog,
  }
}

/** Names of policies are free text; ids are part of URLs. */
function idOf(policyName: string): string {
  const id = policyName.replace(namePrefix, '').toLowerCase()
  return id.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
}

function readOAuth(options: TokenExchangeOptions): UpstreamOAuth | undefined {
  const { authMode, protectedResourceMetadataUrl, authorizationServer, scopes, scopeDelimiter, prompt } = options
  if (authMode !== 'user-oauth' && authMode !== 'shared-oauth' && authMode !== 'client-credentials') return undefined
  const { mode, ...client } = options.clientRegistration
  const { resource, ...overrides } = options.overrides
  return {
    protectedResourceMetadataUrl,
    authorizationServer,
    scopes,
    scopeDelimiter,
    prompt,
    client: mode === 'manual' && 'clientId' in client ? client : undefined,
    registersAlways: mode === 'dynamic',
    overrides: { ...overrides, resource: resource === 'send' || resource === 'omit' ? resource : { value: resource } },
  }
}

function readApiKey({ authMode, apiKey }: TokenExchangeOptions): UpstreamSettings['apiKey'] {
  if (authMode !== 'user-api-key' && authMode !== 'shared-api-key') return undefined
  return apiKey ?? { header: 'authorization', scheme: 'Bearer' }
}
