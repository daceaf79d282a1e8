import type { PolicyType } from '../../contracts/policy.ts'
import { type RemoveHeadersOptions, removeHeadersOptions } from './options.ts'

/** Keeps headers back from the upstream, whether the client sent them or an earlier policy set them. */
export const removeHeadersInbound: PolicyType<RemoveHeadersOptions> = {
  type: 'remove-headers-inbound',
  exportName: 'RemoveHeadersInboundPolicy',
  summary: 'Keeps headers of the client, or of an earlier policy, back from the upstream.',
  options: removeHeadersOptions,
  reasons: [],
  sendsNothingUpstream: true,
  create: ({ headers }) => ({
    onRequest({ upstreamHeaders }) {
      for (const name of headers) upstreamHeaders.remove(name)
      return undefined
    },
  }),
}
