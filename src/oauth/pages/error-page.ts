import { type ReasonCode, reasons } from '../../errors/reasons.ts'
import { html, type RenderedPage, renderPage } from './render-page.ts'

/** What an error page may say. */
export interface ErrorPageOptions {
  readonly reason: ReasonCode
  readonly requestId: string
  /** One more sentence for the person, e.g. the `error_description`. */
  readonly description?: string | undefined
  /** Path where the person may try again. */
  readonly retryUrl?: string | undefined
  /** Absent: this is about signing in. */
  readonly title?: string | undefined
  /** Where else the person may go. Paths of this gateway. */
  readonly links?: readonly { readonly path: string; readonly label: string }[] | undefined
  readonly basePath?: string | undefined
}

/** A page that says what went wrong and what to do, with the code and request id an administrator needs. */
export function renderErrorPage(options: ErrorPageOptions): RenderedPage {
  const { message, remedy } = reasons[options.reason]
  const content = html`<h1>${message}</h1>
${options.description && options.description !== message && html`<p class="soft">${options.description}</p>`}
<p>${remedy.replaceAll('{basePath}', options.basePath ?? '')}</p>
${options.retryUrl && html`<p><a href="${options.retryUrl}">Sign in again</a></p>`}
${(options.links ?? []).map(({ path, label }) => html`<p><a href="${path}">${label}</a></p>`)}
<dl>
<div><dt>Reason</dt><dd><code>${options.reason}</code></dd></div>
<div><dt>Request</dt><dd><code>${options.requestId}</code></dd></div>
</dl>`
  return renderPage({ title: options.title ?? 'Sign-in problem', content })
}
