import { join } from 'node:path'
import { request } from 'undici'
import { findAdminOrigin } from '../../src/admin/admin-origin.ts'
import { issueTicket } from '../../src/admin/tickets.ts'
import type { Storage } from '../../src/contracts/storage.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { type Browser, openBrowser, openPage, readFormToken } from './browser-login.ts'

/** What the admin listener answered. */
export interface AdminAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> & { readonly reason?: string }
}

/** How a call departs from what the console sends. `null` leaves a header out. */
export interface AdminCallOptions {
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string | null }
}

/** Somebody at the console: calls as it does, with its cookie. */
export interface AdminClient {
  readonly origin: string
  /** `Cookie` of the session; empty before a sign-in. */
  readonly cookie: string
  /** `path` below /api/admin. */
  call(method: string, path: string, options?: AdminCallOptions): Promise<AdminAnswer>
}

/** Opens the store of a project beside its gateway. */
export async function withStorage<T>(directory: string, use: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = await openStorage(join(directory, 'data'))
  try {
    return await use(storage)
  } finally {
    await storage.close()
  }
}

/** Origin of the admin listener of the gateway in `directory`. */
export async function adminOrigin(directory: string): Promise<string> {
  const origin = await withStorage(directory, findAdminOrigin)
  if (origin === undefined) throw new Error('no admin listener was opened on this store')
  return origin
}

/** A one-time link, as `sallyport console` makes it. */
export async function makeConsoleLink(directory: string): Promise<URL> {
  const token = await withStorage(directory, ({ oauth }) =>
    issueTicket({ kind: 'link', subject: 'operator:tester' }, oauth, Date.now),
  )
  return new URL(`/api/admin/session/link?token=${token}`, await adminOrigin(directory))
}

/** Signs in with a one-time link, which makes an owner. */
export async function signInByLink(directory: string): Promise<AdminClient> {
  const link = await makeConsoleLink(directory)
  const answer = await openBrowser().get(link)
  return createAdminClient(link.origin, readSessionCookie(answer.headers['set-cookie']))
}

/** Signs in at the dev login under a name; the role is that of `admin.roles`. */
export async function signInByName(directory: string, name: string, browser = openBrowser()): Promise<AdminClient> {
  const origin = await adminOrigin(directory)
  const finished = await finishSignIn(`${origin}/api/admin/session/sign-in`, name, browser)
  const answer = await browser.get(finished)
  return createAdminClient(origin, readSessionCookie(answer.headers['set-cookie']))
}

/** From the beginning of a sign-in to the URL with the code, which is not opened. */
export async function finishSignIn(start: string, name: string, browser: Browser): Promise<URL> {
  let page = await openPage(browser, start)
  if (page.url.pathname.includes('/dev-login/')) {
    page = await browser.post(page.url, { form_token: readFormToken(page), name })
    if (page.location) page = await openPage(browser, page.location)
  }
  const [, target] = /url=(.+)$/.exec(String(page.headers['refresh'])) ?? []
  const reason = /<code>(\w+)<\/code>/.exec(page.text)?.[1] ?? page.text.slice(0, 2000)
  if (target === undefined) throw new Error(`the sign-in ends here (${page.status}): ${reason}`)
  return new URL(target)
}

/** A client with this cookie, or with none. */
export function createAdminClient(origin: string, cookie = ''): AdminClient {
  return {
    origin,
    cookie,
    async call(method, path, { body, headers: changes = {} } = {}) {
      const headers: { [name: string]: string | null } = {
        ...(cookie !== '' && { cookie }),
        ...(method !== 'GET' && { origin, 'x-sallyport-admin': '1' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...changes,
      }
      const sent = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null)
      const answer = await request(`${origin}/api/admin${path}`, {
        method: method as 'GET',
        headers: Object.fromEntries(sent),
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, headers: answer.headers, text, json: parse(text) }
    },
  }
}

/** `Cookie` for the session that a `Set-Cookie` begins. */
export function readSessionCookie(header: string | string[] | undefined): string {
  const lines = header === undefined ? [] : [header].flat()
  const line = lines.find((each) => each.includes('sallyport-session') && !each.includes('Max-Age=0'))
  if (line === undefined) throw new Error(`no session: ${lines.join(' | ')}`)
  return line.slice(0, line.indexOf(';'))
}

function parse(text: string): AdminAnswer['json'] {
  try {
    return JSON.parse(text) as AdminAnswer['json']
  } catch {
    return {}
  }
}
