import { GatewayError } from '../errors/gateway-error.ts'
import type { OperationDeclaration } from './operation.ts'

/** An operation with the members of its path. */
export interface MatchedOperation<Declaration extends OperationDeclaration = OperationDeclaration> {
  readonly operation: Declaration
  readonly params: { readonly [name: string]: string }
}

/** Finds operations by method and path below /api/admin. Throws `route_not_found` or `method_not_allowed`. */
export function createMatcher<Declaration extends OperationDeclaration>(
  operations: readonly Declaration[],
): (method: string, path: string) => MatchedOperation<Declaration> {
  const patterns = operations.map((operation) => ({ operation, segments: operation.path.split('/') }))
  // `/events/stream` goes before `/events/{id}`.
  const literal = (segments: readonly string[]) => segments.filter((segment) => !segment.startsWith('{')).length
  const ordered = patterns.toSorted((one, other) => literal(other.segments) - literal(one.segments))
  return (method, path) => {
    const segments = path.split('/')
    const fitting = ordered.flatMap(({ operation, segments: pattern }) => {
      const params = matchSegments(pattern, segments)
      return params === undefined ? [] : [{ operation, params }]
    })
    const found = fitting.find(({ operation }) => operation.method === method)
    if (found !== undefined) return found
    if (fitting.length === 0) throw new GatewayError('route_not_found')
    const allow = [...new Set(fitting.map(({ operation }) => operation.method))].join(', ')
    throw new GatewayError('method_not_allowed', { headers: { allow } })
  }
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): { [name: string]: string } | undefined {
  if (pattern.length !== segments.length) return undefined
  const params: { [name: string]: string } = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (!expected.startsWith('{')) {
      if (expected !== segment) return undefined
      continue
    }
    const value = decode(segment)
    if (value === undefined || value === '') return undefined
    params[expected.slice(1, -1)] = value
  }
  return params
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
