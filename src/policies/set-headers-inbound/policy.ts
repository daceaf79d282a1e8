import type { PolicyType } from '../../contracts/policy.ts'
import { type SetHeadersOptions, setHeadersOptions } from './options.ts'

/** Sets fixed headers on the request to the upstream. */
export const setHeadersInbound: PolicyType<SetHeadersOptions> = {
  type: 'set-headers-inbound',
  exportName: 'SetHeadersInboundPolicy',
  summary: 'Sets headers on the request to the upstream.',
  options: setHeadersOptions,
  reasons: [],
  create: ({ headers }) => ({
    onRequest({ upstreamHeaders }) {
      for (const { name, value, overwrite } of headers) upstreamHeaders.set(name, value.reveal(), overwrite)
      return undefined
    },
  }),
}
