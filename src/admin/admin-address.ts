import { isLoopbackHost } from '../lib/loopback.ts'

/** Where the console is, for browsers. */
export interface AdminAddress {
  /** e.g. `http://127.0.0.1:9100`. */
  readonly origin: string
  readonly isSecure: boolean
  /** Whether a Host header names it. */
  readonly answersTo: (host: string) => boolean
  /** Probes come under the address of a container, which nobody knows beforehand; not so where it listens for this machine alone. */
  readonly probesUnderAnyName: boolean
}

/** The address of a listener. `publicUrl` is what a proxy in front of it is called; `listenHost` what it was told to listen on. */
export function describeAddress(listenUrl: string, listenHost: string, publicUrl: string | undefined): AdminAddress {
  const { origin, protocol, host } = new URL(publicUrl ?? listenUrl)
  const { port, hostname } = new URL(listenUrl)
  return {
    origin,
    isSecure: protocol === 'https:',
    answersTo: (name) => name.toLowerCase() === host || (isLoopbackHost(hostname) && isLoopbackAt(name, port)),
    probesUnderAnyName: !isLoopbackHost(listenHost),
  }
}

/** Whether a Host header names this machine at this port. */
function isLoopbackAt(host: string, port: string): boolean {
  const url = URL.parse(`http://${host}`)
  return url !== null && url.host === host.toLowerCase() && url.port === port && isLoopbackHost(url.hostname)
}
