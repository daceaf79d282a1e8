import type { IncomingMessage } from 'node:http'
import { sha256 } from '../../lib/hash.ts'
import { randomToken } from '../../lib/random-id.ts'

const tokenPattern = /^[A-Za-z0-9_-]{43}$/

/** Binds sign-ins at upstreams to the browser that began them: what begins in one never ends in another. */
export interface BrowserCookie {
  /** Hash of the browser's cookie; undefined when it has none. */
  readHash(request: IncomingMessage): string | undefined
  /** The hash to remember, and the value of `Set-Cookie`. A browser keeps the cookie it has: two tabs may connect at once. */
  issue(request: IncomingMessage): { readonly hash: string; readonly header: string }
}

/** A cookie of this host alone (`__Host-`), out of reach of scripts, sent with links from other sites but not with their requests. */
export function createBrowserCookie(publicUrl: string, ttlSeconds: number): BrowserCookie {
  const secure = publicUrl.startsWith('https:')
  const name = secure ? '__Host-sallyport-connect' : 'sallyport-connect'
  const attributes = `Path=/; Max-Age=${ttlSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    readHash(request) {
      const token = readCookie(request, name)
      return token === undefined ? undefined : sha256(token)
    },
    issue(request) {
      const token = readCookie(request, name) ?? randomToken()
      return { hash: sha256(token), header: `${name}=${token}; ${attributes}` }
    },
  }
}

/** A cookie that somebody else planted under the same name would come first or second: two are none. */
function readCookie(request: IncomingMessage, name: string): string | undefined {
  const values = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  const [value] = values
  return values.length === 1 && value !== undefined && tokenPattern.test(value) ? value : undefined
}
