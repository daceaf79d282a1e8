/** Pages that a person meets between authorize and redirect. */
export type PageName = 'dev-login' | 'sign-in' | 'consent'

/** What a path of the authorization server stands for. */
export type Endpoint =
  | { readonly kind: 'metadata' | 'register' | 'token' | 'revoke' | 'jwks' | 'authorize' | 'callback' }
  | { readonly kind: 'begin-sign-in' }
  | { readonly kind: 'sign-out' }
  | { readonly kind: 'resume'; readonly path: string }
  | { readonly kind: 'page'; readonly page: PageName; readonly uid: string }
  | { readonly kind: 'unknown' }

const metadataPaths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
const uidPattern = /^[A-Za-z0-9_-]{10,64}$/

/** True for every path that the authorization server answers, with a 404 of its own where nothing is. */
export function isOAuthPath(path: string, basePath: string): boolean {
  if (path.startsWith(`${basePath}/oauth/`)) return true
  return metadataPaths.some((each) => path === each || path.startsWith(`${each}/`))
}

/** The endpoint at a path. */
export function findEndpoint(path: string, basePath: string): Endpoint {
  if (metadataPaths.includes(path)) return { kind: 'metadata' }
  const prefix = `${basePath}/oauth/`
  if (!path.startsWith(prefix)) return { kind: 'unknown' }
  const [name, uid, ...rest] = path.slice(prefix.length).split('/')
  if (uid === undefined) return findPlain(name ?? '')
  if (rest.length > 0 || !uidPattern.test(uid)) return { kind: 'unknown' }
  if (name === 'authorize') return { kind: 'resume', path }
  if (name === 'consent' || name === 'dev-login' || name === 'sign-in') return { kind: 'page', page: name, uid }
  return { kind: 'unknown' }
}

/** HTTP methods of an endpoint, as in `Allow`; undefined where there is none. */
export function methodsOf(endpoint: Endpoint): string | undefined {
  switch (endpoint.kind) {
    case 'metadata':
    case 'jwks':
      return 'GET, HEAD'
    case 'register':
    case 'token':
    case 'revoke':
      return 'POST'
    case 'page':
    case 'sign-out':
      return 'GET, POST'
    case 'authorize':
    case 'callback':
    case 'begin-sign-in':
    case 'resume':
      return 'GET'
    default:
      return undefined
  }
}

function findPlain(name: string): Endpoint {
  switch (name) {
    case 'register':
    case 'token':
    case 'revoke':
    case 'jwks':
    case 'authorize':
    case 'callback':
    case 'sign-out':
      return { kind: name }
    case 'sign-in':
      return { kind: 'begin-sign-in' }
    default:
      return { kind: 'unknown' }
  }
}
