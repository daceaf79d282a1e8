import { type Html, html, type RenderedPage, renderPage } from './render-page.ts'

/** What pages about one upstream say about who and what. */
export interface UpstreamPageOptions {
  readonly person: string
  readonly displayName: string
  readonly summary: string | undefined
  /** URL of the upstream, for display. */
  readonly url: string
  /** The connection will serve everybody. */
  readonly shared: boolean
  /** Sent with the form, besides what the person enters; the form token among them. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Where somebody else may sign in for the same link. */
  readonly switchPath: string
}

/** What the page before a sign-in at an upstream shows. */
export interface ConnectPageOptions extends UpstreamPageOptions {
  /** The answer comes back through a program that listens at this port of the person's computer. */
  readonly localPort: number | undefined
  /** What is asked for besides what the earlier connection was for. */
  readonly furtherScopes: readonly string[]
}

/** Stands before every sign-in at an upstream: a link alone must not begin one. */
export function renderConnectPage(options: ConnectPageOptions): RenderedPage {
  const { displayName, localPort, furtherScopes } = options
  const content = html`<h1>Connect ${displayName} to Sallyport?</h1>
${renderWho(options)}
<p>You will sign in at ${displayName}, which then asks what Sallyport may do. Sallyport keeps the access sealed and uses it only for ${options.shared ? 'calls through this gateway' : 'calls that you make through this gateway'}. You can disconnect at any time.</p>
${furtherScopes.length > 0 && html`<p>A call needs a permission that your connection does not have: <code>${furtherScopes.join(' ')}</code></p>`}
${
  localPort !== undefined &&
  html`<p class="note" role="note">The answer of ${displayName} comes back through a program on <strong>this computer</strong> (port ${localPort}). Go on only if you just ran <code>sallyport connect</code> here yourself.</p>`
}
<form method="post">
${renderFields(options.fields)}
<div class="actions"><button class="primary" type="submit">Continue to ${displayName}</button></div>
</form>
${renderSwitch(options)}`
  return renderPage({ title: `Connect ${displayName}`, content })
}

/**
 * Shown for a moment, or until the link is followed: browsers hold the redirects after a form to `form-action`, and nobody knows where
 * the sign-in at an upstream leads.
 */
export function renderLeavingPage(displayName: string, url: URL): RenderedPage {
  const content = html`<h1>On to ${displayName}</h1>
<p>You sign in at <strong>${url.host}</strong>. <a href="${url.href}">Continue</a></p>`
  const page = renderPage({ title: `Connect ${displayName}`, content })
  return { ...page, headers: { ...page.headers, refresh: `0;url=${url.href}`, 'referrer-policy': 'no-referrer' } }
}

/**
 * Shown for a moment between a form here and the page that waits for it: that page may send the browser on to a client, which browsers would
 * not follow from a form.
 */
export function renderReturningPage(displayName: string, path: string): RenderedPage {
  const content = html`<h1>${displayName} is connected</h1>
<p><a href="${path}">Continue</a></p>`
  const page = renderPage({ title: `${displayName} is connected`, content })
  return { ...page, headers: { ...page.headers, refresh: `0;url=${path}` } }
}

/** Who is signed in, what is connected, and for whom. */
export function renderWho({ person, displayName, summary, url, shared }: UpstreamPageOptions): Html {
  return html`<p class="soft">Signed in as <strong>${person}</strong></p>
<dl>
<div><dt>Upstream</dt><dd>${displayName}${summary && html`<br><span class="soft small">${summary}</span>`}<br><code>${url}</code></dd></div>
<div><dt>Who will use it</dt><dd>${shared ? 'Everybody who may use it through this gateway' : html`Only you, <strong>${person}</strong>`}</dd></div>
</dl>
${shared && html`<p class="note" role="note"><strong>This connects one account for everybody.</strong> Use an account that was made for it, not your own.</p>`}`
}

/** Hidden fields of a form. */
export function renderFields(fields: UpstreamPageOptions['fields']): Html {
  return html`${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`
}

/** The way out for whoever is signed in as the wrong person. */
export function renderSwitch({ person, switchPath }: UpstreamPageOptions): Html {
  return html`<footer>Not ${person}? <a href="${switchPath}">Sign in as somebody else</a></footer>`
}
