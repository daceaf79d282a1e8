import type { IncomingHttpHeaders } from 'node:http'
import { isLoopbackHost } from '../lib/loopback.ts'

/** Which browser origins may call, and what they may see. */
export interface OriginRules {
  /** Answers whether pages of this origin may call. */
  isAllowed(origin: string): boolean
  readonly allowCredentials: boolean
  readonly maxAgeSeconds: number
  readonly allowedMethods: string
  /** undefined: whatever the preflight asks for (MCP clients send open-ended `Mcp-Param-*`). */
  readonly allowedHeaders: string | undefined
  readonly exposeHeaders: string
}

// WWW-Authenticate must be readable, or a browser client never learns where to sign in.
export const exposedHeaders = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, X-Request-Id'

/** Matches origins exactly, `https://*.example.com` for one label, `*` for all; `loopbackAnyPort` lets local pages in. */
export function createOriginMatcher(
  patterns: readonly string[],
  loopbackAnyPort: boolean,
): (origin: string) => boolean {
  if (patterns.includes('*')) return () => true
  const exact = new Set(patterns.map((pattern) => pattern.toLowerCase()))
  const wildcards = patterns
    .filter((pattern) => pattern.includes('*.'))
    .map((pattern) => pattern.toLowerCase().split('*.', 2))
  return (origin) => {
    const lower = origin.toLowerCase()
    if (exact.has(lower)) return true
    if (loopbackAnyPort && isLoopbackOrigin(lower)) return true
    return wildcards.some(([scheme = '', domain = '']) => {
      if (!lower.startsWith(scheme) || !lower.endsWith(`.${domain}`)) return false
      const label = lower.slice(scheme.length, lower.length - domain.length - 1)
      return label !== '' && !label.includes('.') && !label.includes('/')
    })
  }
}

function isLoopbackOrigin(origin: string): boolean {
  const url = URL.parse(origin)
  return url !== null && url.protocol === 'http:' && isLoopbackHost(url.hostname)
}

/** Headers of an answer to a page of an allowed origin. Flat list of names and values. */
export function corsHeaders(rules: OriginRules, origin: string): string[] {
  const headers = [
    'access-control-allow-origin',
    origin,
    'vary',
    'Origin',
    'access-control-expose-headers',
    rules.exposeHeaders,
  ]
  if (rules.allowCredentials) headers.push('access-control-allow-credentials', 'true')
  return headers
}

/** Headers of the answer to a preflight. */
export function preflightHeaders(rules: OriginRules, origin: string, request: IncomingHttpHeaders): string[] {
  const asked = request['access-control-request-headers']
  return [
    ...corsHeaders(rules, origin),
    'access-control-allow-methods',
    rules.allowedMethods,
    'access-control-allow-headers',
    rules.allowedHeaders ?? asked ?? 'Authorization, Content-Type, Accept, MCP-Protocol-Version',
    'access-control-max-age',
    String(rules.maxAgeSeconds),
  ]
}
