import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isConnectable } from './admit-connect.ts'
import type { ConnectHost } from './connect-host.ts'

/** The upstream with this id, if somebody connects it. Throws `route_not_found` for every other. */
export function requireUpstream(id: string, { upstreams }: Pick<ConnectHost, 'upstreams'>): UpstreamSettings {
  const upstream = upstreams.find(id)
  if (upstream === undefined || !isConnectable(upstream)) throw new GatewayError('route_not_found')
  return upstream
}
