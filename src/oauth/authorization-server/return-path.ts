import { GatewayError } from '../../errors/gateway-error.ts'

const longestPath = 4096
// Visible ASCII without the backslash, which browsers read as a slash; beginning with one slash, not with another host.
const pathPattern = /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/

/**
 * The URL of a path of this gateway, to which a browser may be sent back. Throws `grant_request_invalid` for whatever browsers could read as a
 * URL of somebody else.
 */
export function resolveReturnPath(path: string, publicUrl: string): URL {
  const url = path.length <= longestPath && pathPattern.test(path) ? URL.parse(path, publicUrl) : null
  if (url === null || url.origin !== new URL(publicUrl).origin)
    throw new GatewayError('grant_request_invalid', { detail: 'the return path is not one of this gateway' })
  return url
}
