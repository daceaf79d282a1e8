import type { IncomingMessage } from 'node:http'
import type { AdminAddress } from './admin-address.ts'

/** One cookie of the admin listener, out of reach of scripts. */
export interface AdminCookie {
  read(request: IncomingMessage): string | undefined
  /** Value of `Set-Cookie`. */
  set(value: string): string
  clear(): string
}

/** How long a sign-in may take. Seconds. */
const signInSeconds = 600

/** The session: sent by the console alone, never with what another site begins. */
export function sessionCookie(address: AdminAddress): AdminCookie {
  return createCookie('session', '/api/admin', address, ['SameSite=Strict'])
}

/** What binds a sign-in to this browser. It must come back with the redirect of the gateway, which may be another site. */
export function stateCookie(address: AdminAddress): AdminCookie {
  return createCookie('sign-in', '/api/admin/session', address, ['SameSite=Lax', `Max-Age=${signInSeconds}`])
}

/**
 * Over https the name says that no other host set it. Plain http is this machine, where cookies do not know ports: the name has the port, so that
 * two gateways do not sign each other out, and the path keeps it from what other programs serve.
 */
function createCookie(
  purpose: string,
  path: string,
  { origin, isSecure }: AdminAddress,
  attributes: readonly string[],
): AdminCookie {
  const name = isSecure ? `__Host-sallyport-${purpose}` : `sallyport-${purpose}-${new URL(origin).port}`
  const all = ['HttpOnly', `Path=${isSecure ? '/' : path}`, ...(isSecure ? ['Secure'] : [])]
  return {
    read(request) {
      const values = (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
      // One that somebody else planted would come first or second: two are none.
      return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined
    },
    set: (value) => [`${name}=${value}`, ...all, ...attributes].join('; '),
    clear: () => [`${name}=`, ...all, 'Max-Age=0'].join('; '),
  }
}
