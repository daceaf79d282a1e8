import type { MaybePromise } from '../../src/lib/maybe-promise.ts'
import { type Browser, type BrowserAnswer, openBrowser, readFormToken } from './browser-login.ts'

/** How a person signs in at the identity provider and answers the consent page. */
export interface FederatedChoices {
  /** Typed at the provider. */
  readonly name: string
  readonly atProvider?: 'sign-in' | 'cancel'
  readonly decision?: 'allow' | 'refuse'
  readonly browser?: Browser
  /** Sees, and may replace, every URL before the browser goes there; `undefined` ends the walk. */
  readonly onRedirect?: (url: URL) => MaybePromise<URL | undefined>
  /** Origin of the gateway as its pages see it, where that is not where it listens. */
  readonly origin?: string
}

/** Where the walk ended: redirected out of both (`redirect`), or at a page that asks for nothing. */
export interface FederatedEnd {
  readonly redirect?: URL
  readonly page?: BrowserAnswer
}

/** Drives a sign-in from the authorization URL of the gateway through the identity provider at `issuer` and back. */
export async function completeFederatedSignIn(
  authorizationUrl: string | URL,
  issuer: string,
  choices: FederatedChoices,
): Promise<FederatedEnd> {
  const browser = choices.browser ?? openBrowser()
  const inside = [new URL(authorizationUrl).origin, issuer]
  let answer = await browser.get(authorizationUrl)
  for (let step = 0; step < 20; step++) {
    const next = answer.location && (choices.onRedirect ? await choices.onRedirect(answer.location) : answer.location)
    if (answer.location && next === undefined) return { redirect: answer.location }
    if (next !== undefined) {
      if (!inside.includes(next.origin) || next.pathname === '/callback') return { redirect: next }
      answer = await browser.get(next)
    } else if (answer.url.origin === issuer && answer.status === 200) {
      const decision = choices.atProvider ?? 'sign-in'
      answer = await browser.post(answer.url, { name: choices.name, decision })
    } else if (answer.text.includes('name="form_token"')) {
      const form = { form_token: readFormToken(answer), decision: choices.decision ?? 'allow' }
      answer = await browser.post(answer.url, form, choices.origin === undefined ? {} : { origin: choices.origin })
    } else return { page: answer }
  }
  throw new Error('the sign-in does not end')
}

/** As above, for sign-ins that must succeed: the final redirect to the client. */
export async function mustSignIn(url: string | URL, issuer: string, choices: FederatedChoices): Promise<URL> {
  const { redirect, page } = await completeFederatedSignIn(url, issuer, choices)
  if (redirect === undefined)
    throw new Error(`the sign-in ended at a page (${page?.status}): ${page?.text.slice(page.text.indexOf('<main>'))}`)
  return redirect
}
