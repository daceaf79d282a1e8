import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import { isLoopbackHost } from '../lib/loopback.ts'

/** Lower-case host names that are served; ports do not count, since DNS rebinding is about names. */
export type AllowedHosts = ReadonlySet<string>

/** A DNS name has at most 253 characters. */
const longestShownHost = 260

/** Refuses a Host that is not ours (DNS rebinding). Runs before anything else. */
export function checkHost(headers: IncomingHttpHeaders, allowed: AllowedHosts): GatewayError | undefined {
  const { host } = headers
  if (host !== undefined && (allowed.has(host) || allowed.has(hostnameOf(host)))) return undefined
  // For whoever has to tell a probe from an attack. A Host holds no secret, and the caller does not see the detail.
  return new GatewayError('host_not_allowed', { detail: `Host: ${host?.slice(0, longestShownHost) ?? 'none'}` })
}

/** Host name of a Host header, lower-case, without port; IPv6 keeps its brackets. */
function hostnameOf(host: string): string {
  const end = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  return (end === -1 ? host : host.slice(0, end)).toLowerCase()
}

/** The names of publicUrl and of the listener, and `others`. A listener on loopback goes by all of its names. */
export function allowHosts(publicUrl: string, listenUrl: string, others: readonly string[]): AllowedHosts {
  const listened = new URL(listenUrl).hostname
  const names = [new URL(publicUrl).hostname, listened, ...others.map(hostnameOf)]
  if (isLoopbackHost(listened)) names.push('localhost', '127.0.0.1', '[::1]')
  return new Set(names.map((name) => name.toLowerCase()))
}
