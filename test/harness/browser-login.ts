import { request } from 'undici'

/** A person with a browser: keeps cookies per path like one, follows redirects, fills in the sign-in and consent forms. */
export interface Browser {
  get(url: string | URL, headers?: { [name: string]: string }): Promise<BrowserAnswer>
  post(
    url: string | URL,
    form: { [name: string]: string },
    headers?: { [name: string]: string },
  ): Promise<BrowserAnswer>
  readonly cookies: Map<string, Cookie>
}

/** What the browser received; redirects are not followed by itself. */
export interface BrowserAnswer {
  readonly url: URL
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
  /** Absolute target of a redirect. */
  readonly location: URL | undefined
}

interface Cookie {
  readonly value: string
  readonly path: string
}

/** A fresh browser without cookies. */
export function openBrowser(): Browser {
  const cookies = new Map<string, Cookie>()
  async function send(
    method: 'GET' | 'POST',
    target: string | URL,
    body: string | null,
    extra: { [name: string]: string },
  ) {
    const url = new URL(target)
    const headers: { [name: string]: string } = { accept: 'text/html', ...extra }
    const cookie = cookieHeader(cookies, url)
    if (cookie !== '') headers['cookie'] = cookie
    if (body !== null) {
      headers['content-type'] ??= 'application/x-www-form-urlencoded'
      headers['origin'] ??= url.origin
    }
    const answer = await request(url, { method, headers, body })
    storeCookies(cookies, answer.headers['set-cookie'], url)
    const location = answer.headers['location']
    const text = await answer.body.text()
    return {
      url,
      status: answer.statusCode,
      headers: answer.headers,
      text,
      location: typeof location === 'string' ? new URL(location, url) : undefined,
    }
  }
  return {
    cookies,
    get: (url, headers = {}) => send('GET', url, null, headers),
    post: (url, form, headers = {}) => send('POST', url, new URLSearchParams(form).toString(), headers),
  }
}

/** How the person answers. */
export interface SignInChoices {
  readonly subject: string
  readonly decision?: 'allow' | 'refuse'
  readonly browser?: Browser
}

/**
 * Drives a sign-in from the authorization URL to the final redirect, which is returned and not followed: dev login with `subject`,
 * then consent. Throws with the page's text when a page is neither.
 */
export async function completeSignIn(authorizationUrl: string | URL, choices: SignInChoices): Promise<URL> {
  const browser = choices.browser ?? openBrowser()
  const origin = new URL(authorizationUrl).origin
  let answer = await browser.get(authorizationUrl)
  for (let step = 0; step < 12; step++) {
    if (answer.location) {
      if (answer.location.origin !== origin || !answer.location.pathname.includes('/oauth/')) return answer.location
      answer = await browser.get(answer.location)
    } else answer = await fillForm(browser, answer, choices)
  }
  throw new Error('the sign-in does not end')
}

/** Follows redirects within the gateway until a page answers. */
export async function openPage(browser: Browser, url: string | URL): Promise<BrowserAnswer> {
  let answer = await browser.get(url)
  for (let step = 0; step < 6 && answer.location; step++) answer = await browser.get(answer.location)
  return answer
}

/** The hidden form token of a page. */
export function readFormToken(page: BrowserAnswer): string {
  const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1]
  if (token === undefined) throw new Error(`no form on the page (${page.status}): ${page.text.slice(0, 2000)}`)
  return token
}

function fillForm(browser: Browser, page: BrowserAnswer, choices: SignInChoices): Promise<BrowserAnswer> {
  const form_token = readFormToken(page)
  if (page.url.pathname.includes('/dev-login/')) return browser.post(page.url, { form_token, name: choices.subject })
  return browser.post(page.url, { form_token, decision: choices.decision ?? 'allow' })
}

function cookieHeader(cookies: Map<string, Cookie>, url: URL): string {
  const sent: string[] = []
  // Longer paths first (RFC 6265 §5.4).
  for (const [key, cookie] of [...cookies].sort(([, one], [, other]) => other.path.length - one.path.length)) {
    const name = key.slice(0, key.indexOf(' '))
    if (
      url.pathname === cookie.path ||
      url.pathname.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`)
    ) {
      sent.push(`${name}=${cookie.value}`)
    }
  }
  return sent.join('; ')
}

function storeCookies(cookies: Map<string, Cookie>, header: string | string[] | undefined, url: URL): void {
  for (const line of header === undefined ? [] : [header].flat()) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(pair.indexOf('=') + 1)
    const path = attributes.find((each) => each.toLowerCase().startsWith('path='))?.slice(5) ?? url.pathname
    const expires = attributes.find((each) => each.toLowerCase().startsWith('expires='))?.slice(8)
    if (expires !== undefined && Date.parse(expires) < Date.now()) cookies.delete(`${name} ${path}`)
    else cookies.set(`${name} ${path}`, { value, path })
  }
}
