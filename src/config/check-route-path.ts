import type { ProblemList } from './problem-list.ts'
import type { Operation } from './read-operations.ts'

const pathPattern = /^(\/[A-Za-z0-9._~!$&'()*+;=:@%-]+)+$/

/** Reports a path that cannot be a virtual server: malformed, with parameters, or one of the gateway's own. */
export function checkRoutePath({ document, path }: Operation, basePath: string, problems: ProblemList): void {
  const at = ['paths', path]
  const report = (message: string, remedy: string) => problems.error(document, at, message, remedy, 'key')
  if (!path.startsWith('/')) return report('a path starts with "/"', `Write "/${path}".`)
  if (/[{}]/.test(path)) {
    return report(
      'an MCP route cannot have path parameters: its URL names one virtual server',
      'Write one path per virtual server.',
    )
  }
  if (path.endsWith('/')) {
    return report('the path of an MCP route does not end with "/"', `Write "${path.replace(/\/+$/, '') || '/mcp'}".`)
  }
  if (!pathPattern.test(path) || path.split('/').some((segment) => segment === '.' || segment === '..')) {
    return report('this is not a URL path', 'Use letters, digits and - . _ ~ between single slashes.')
  }
  const taken = reservedPaths(basePath).find((reserved) => path === reserved || path.startsWith(`${reserved}/`))
  if (taken !== undefined) report(`paths under ${taken} belong to the gateway`, 'Choose another path, e.g. under /mcp.')
}

function reservedPaths(basePath: string): string[] {
  return ['/.well-known', `${basePath}/oauth`, `${basePath}/auth`, `${basePath}/registry`, '/console', '/api/admin']
}
