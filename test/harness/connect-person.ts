import { type Browser, type BrowserAnswer, openBrowser } from './browser-login.ts'

/** Who connects, and as whom at the upstream. */
export interface ConnectChoices {
  /** Name for the dev login. */
  readonly subject: string
  /** Name for the login page of the upstream, where it has one. */
  readonly account?: string
  /** Where a key is asked for. */
  readonly key?: string
  readonly browser?: Browser
  /** Called before each request; a test may stop here, or look at the URL. */
  readonly onStep?: (url: URL) => void | Promise<void>
}

/**
 * Follows a connect link as a person would: signs in at the gateway, goes on to the upstream, and comes back. Returns the last page, whatever
 * it says.
 */
export async function followConnectLink(link: string | URL, choices: ConnectChoices): Promise<BrowserAnswer> {
  const browser = choices.browser ?? openBrowser()
  const gateway = new URL(link).origin
  const get = async (url: string | URL): Promise<BrowserAnswer> => {
    await choices.onStep?.(new URL(url))
    return browser.get(url)
  }
  let answer = await get(link)
  for (let step = 0; step < 20; step++) {
    const next = answer.location ?? readRefresh(answer)
    if (next !== undefined) answer = await get(next)
    else {
      const form = fillForm(answer, gateway, choices)
      if (form === undefined) return answer
      answer = await browser.post(answer.url, form)
    }
  }
  throw new Error(`the connect link does not end; last page: ${answer.text.slice(0, 1000)}`)
}

/** Connects, and fails with the text of the page when that did not work. Returns the browser's last page. */
export async function connectPerson(link: string | URL, choices: ConnectChoices): Promise<BrowserAnswer> {
  const answer = await followConnectLink(link, choices)
  if (answer.status !== 200 || answer.url.searchParams.get('notice') !== 'connected') {
    throw new Error(`not connected (${answer.status} at ${answer.url.pathname}): ${answer.text}`)
  }
  return answer
}

/** Target of the page that stands between a form and another origin. */
function readRefresh({ headers, url }: BrowserAnswer): URL | undefined {
  const target = /^0;\s*url=(.+)$/i.exec(String(headers['refresh'] ?? ''))?.[1]
  return target === undefined ? undefined : new URL(target, url)
}

/** What the person enters into the form of a page; undefined when this page is the end of the way. */
function fillForm(page: BrowserAnswer, gateway: string, choices: ConnectChoices): Record<string, string> | undefined {
  const { pathname, origin } = page.url
  if (page.status >= 400) return undefined
  if (origin !== gateway)
    return page.text.includes('name="name"') ? { name: choices.account ?? choices.subject } : undefined
  const hidden = readHiddenFields(page.text)
  if (pathname.includes('/dev-login/')) return { ...hidden, name: choices.subject }
  if (/\/auth\/connections\/[^/]+\/connect$/.test(pathname)) return hidden
  if (/\/auth\/connections\/[^/]+\/key$/.test(pathname)) return { ...hidden, key: choices.key ?? '' }
  return undefined
}

function readHiddenFields(text: string): Record<string, string> {
  const fields = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, decodeEntities(value)]))
}

function decodeEntities(text: string): string {
  const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
}

/** The connect link in anything that a client received. */
export function findConnectLink(received: unknown): string | undefined {
  const text = typeof received === 'string' ? received : JSON.stringify(received)
  return /https?:\/\/[^\s"'\\<>)]+\/auth\/connections\/[^\s"'\\<>)]+/.exec(text)?.[0]
}
