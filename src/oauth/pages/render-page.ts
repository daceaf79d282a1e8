import { createHash } from 'node:crypto'
import { pageStyle } from './page-style.ts'

/** Text that is HTML already. Made only by the `html` tag. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | undefined | false | readonly (Html | string)[]

/** Template tag that escapes everything but `Html`. `undefined` and `false` render nothing. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let text = strings[0] ?? ''
  parts.forEach((part, index) => {
    text += renderPart(part) + (strings[index + 1] ?? '')
  })
  return new Html(text)
}

/** A whole page and the headers it must be sent with. */
export interface RenderedPage {
  readonly body: string
  readonly headers: { readonly [name: string]: string }
}

/** What a page says besides its content. */
export interface PageOptions {
  readonly title: string
  readonly content: Html
  /** Sources besides the gateway itself that a form of the page may lead to, through redirects. */
  readonly formTargets?: readonly string[] | undefined
}

const styleHash = `'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`

/**
 * A page for a person. No script, no remote content, not framed. The referrer policy keeps `Origin` on our own
 * forms and never tells another site where the person came from.
 */
export function renderPage(options: PageOptions): RenderedPage {
  const body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${options.title} · Sallyport</title>
${new Html(`<style>${pageStyle}</style>`)}
</head>
<body>
<main>
<header><span class="mark" aria-hidden="true"></span><span class="brand">Sallyport</span></header>
${options.content}
</main>
</body>
</html>
`
  return { body: body.text, headers: pageHeaders(options.formTargets ?? []) }
}

function pageHeaders(formTargets: readonly string[]): { [name: string]: string } {
  const formAction = ["'self'", ...formTargets].join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src ${styleHash}; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'publickey-credentials-get=()',
  }
}

function renderPart(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map((each) => renderPart(each)).join('')
}

const entities: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
