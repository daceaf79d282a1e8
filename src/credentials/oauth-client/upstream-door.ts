import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { type CallAuthorizationServer, createCallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { isLoopbackHost } from '../../lib/loopback.ts'

/** The guarded door to everything that leads to tokens of one upstream. One for as long as its settings live. */
export type OpenDoor = (upstream: UpstreamSettings) => CallAuthorizationServer

/**
 * Hosts that the operator wrote down may be private; all that the upstream names itself must be public (CL-5). In development an upstream
 * on loopback may have its authorization server there too, over plain http.
 */
export function createUpstreamDoors(mode: 'dev' | 'start'): OpenDoor {
  const doors = new WeakMap<UpstreamSettings, CallAuthorizationServer>()
  return (upstream) => {
    const known = doors.get(upstream)
    if (known !== undefined) return known
    const { host, hostname } = new URL(upstream.url)
    const certificate = upstream.clientCertificate
    const isLocal = mode === 'dev' && isLoopbackHost(hostname)
    const door = createCallAuthorizationServer({
      unreachable: 'credential_provider_unreachable',
      trustedHosts: listTrustedHosts(upstream),
      allowLoopbackHttp: isLocal,
      trustLoopback: isLocal,
      certificateHost: certificate && { host, certificate },
    })
    doors.set(upstream, door)
    return door
  }
}

function listTrustedHosts(upstream: UpstreamSettings): ReadonlySet<string> {
  const { url, oauth, clientCredentials, tokenExchange, idJag, trustedHosts } = upstream
  const urls = [
    url,
    oauth?.protectedResourceMetadataUrl,
    oauth?.authorizationServer,
    clientCredentials?.tokenUrl,
    tokenExchange?.tokenUrl,
    idJag?.idp.tokenUrl,
    idJag?.resourceAs.tokenUrl,
  ]
  const named = trustedHosts.map((host) => `https://${host}`)
  return new Set([...urls, ...named].flatMap((each) => URL.parse(each ?? '')?.host ?? []))
}
