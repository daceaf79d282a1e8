import { renderFields, renderSwitch, renderWho, type UpstreamPageOptions } from './connect-page.ts'
import { html, type RenderedPage, renderPage } from './render-page.ts'

/** What the page for the key of an upstream shows. */
export interface UpstreamKeyPageOptions extends UpstreamPageOptions {
  /** Where people get a key. */
  readonly helpUrl: string | undefined
  /** There is one already, which the new one replaces. */
  readonly replaces: boolean
  /** Why the key that was sent before was not stored. */
  readonly problem: { readonly message: string; readonly reason: string; readonly requestId: string } | undefined
}

/** Asks for a key. What was typed before is never shown again. */
export function renderUpstreamKeyPage(options: UpstreamKeyPageOptions): RenderedPage {
  const { displayName, helpUrl, problem, replaces } = options
  const content = html`<h1>${replaces ? 'Replace' : 'Store'} ${options.shared ? 'the' : 'your'} key for ${displayName}</h1>
${renderWho(options)}
<form method="post" autocomplete="off">
${renderFields(options.fields)}
<label for="key">Key</label>
<input type="password" id="key" name="key" required maxlength="8192" autocomplete="off" autocapitalize="none" spellcheck="false" autofocus ${problem ? html`aria-invalid="true" aria-describedby="problem"` : undefined}>
${problem && html`<p class="error" id="problem" role="alert">${problem.message} <code>${problem.reason}</code><br><span class="small">Request <code>${problem.requestId}</code></span></p>`}
${helpUrl && html`<p class="soft small"><a href="${helpUrl}" rel="noreferrer">Where to get a key</a></p>`}
<p class="soft small">The key is tried at ${displayName} once, then stored sealed. Nobody can read it here again.</p>
<div class="actions"><button class="primary" type="submit">${replaces ? 'Replace' : 'Store'} key</button></div>
</form>
${renderSwitch(options)}`
  return renderPage({ title: `Key for ${displayName}`, content })
}
