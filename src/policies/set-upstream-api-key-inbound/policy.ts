import type { PolicyType } from '../../contracts/policy.ts'
import { type UpstreamApiKeyOptions, upstreamApiKeyOptions } from './options.ts'

/** Presents the gateway's own API key to the upstream, whoever the caller is. */
export const setUpstreamApiKeyInbound: PolicyType<UpstreamApiKeyOptions> = {
  type: 'set-upstream-api-key-inbound',
  exportName: 'SetUpstreamApiKeyInboundPolicy',
  summary: 'Adds an API key that the gateway holds to the request to the upstream.',
  options: upstreamApiKeyOptions,
  reasons: [],
  create: ({ header, value, overwrite }) => ({
    onRequest({ upstreamHeaders }) {
      upstreamHeaders.set(header, value.reveal(), overwrite)
      return undefined
    },
  }),
}
