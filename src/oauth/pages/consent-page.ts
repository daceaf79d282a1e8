import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { renderConnectionState } from './connection-state.ts'
import { type Html, html, type RenderedPage, renderPage } from './render-page.ts'

/** What a person must know to decide. Everything about the client is its own claim, except where its document or redirect lives. */
export interface ConsentPageOptions {
  readonly subject: string
  readonly clientName: string
  /** Host of the Client ID Metadata Document, when the client is identified by one. */
  readonly clientHost: string | undefined
  /** Who receives the answer: host, or scheme of an application. */
  readonly redirectTarget: string
  /** The redirect goes to a program on this machine. */
  readonly localRedirect: boolean
  readonly virtualServerTitle: string
  readonly virtualServerUrl: string
  readonly upstream: string
  /** How upstreams are connected, where somebody must connect them. */
  readonly upstreamLinks: readonly UpstreamLink[]
  /** Scopes asked for besides those that every token has, and the tools that need each. */
  readonly extraScopes: readonly { readonly scope: string; readonly tools: readonly string[] }[]
  /** Some tools need scopes that are not asked for. */
  readonly withheldTools: boolean
  readonly formToken: string
  readonly formTargets: readonly string[]
}

/** The consent page: who asks, for what, and where the answer goes. */
export function renderConsentPage(options: ConsentPageOptions): RenderedPage {
  const content = html`<h1>Allow ${options.clientName} to use ${options.virtualServerTitle}?</h1>
<p class="soft">Signed in as <strong>${options.subject}</strong></p>
<dl>
<div><dt>Application (its own name for itself)</dt><dd>${options.clientName}</dd></div>
${options.clientHost && html`<div><dt>Published by</dt><dd><strong>${options.clientHost}</strong></dd></div>`}
<div><dt>The answer goes to</dt><dd><strong>${options.redirectTarget}</strong></dd></div>
<div><dt>Virtual server</dt><dd>${options.virtualServerTitle}<br><code>${options.virtualServerUrl}</code></dd></div>
<div><dt>Upstream behind it</dt><dd>${options.upstream}</dd></div>
</dl>
${options.localRedirect && html`<p class="note" role="note">The answer goes to a program on <strong>this computer</strong>. Allow it only if you just started the sign-in yourself.</p>`}
<p>It will be able to, in your name and until you revoke it:</p>
<ul>
<li>see the tools, prompts and resources of this virtual server</li>
<li>call its tools, including those that change things${options.withheldTools && ', except those for which it must ask you again'}</li>
${options.extraScopes.map(renderExtraScope)}
<li>stay connected without asking again</li>
</ul>
<p class="soft small">It gets access to this virtual server only, and never sees the credential that the gateway uses for the upstream.</p>
${options.upstreamLinks.map(renderUpstreamLink)}
<form method="post">
<input type="hidden" name="form_token" value="${options.formToken}">
<div class="actions">
<button type="submit" name="decision" value="refuse">Refuse</button>
<button class="primary" type="submit" name="decision" value="allow">Allow</button>
</div>
<footer>Not ${options.subject}? <button class="link" type="submit" name="decision" value="switch">Sign in as somebody else</button></footer>
</form>`
  return renderPage({ title: 'Allow access', content, formTargets: options.formTargets })
}

/** What is left to connect before calls succeed. It may be done later: an application that is allowed can at least list what there is. */
const connectNotes: { readonly [State in UpstreamLink['state']]: string | undefined } = {
  connected: undefined,
  connect_required:
    'Connect it before you allow the application, or later: until then its calls are answered with a link to connect.',
  reconsent_required:
    'The connection does not hold any more. Connect again before you allow the application, or later: until then its calls are answered with a link to connect.',
  admin_connect_required: 'An administrator must connect it: until then calls of the application are refused.',
}

function renderUpstreamLink({ id, displayName, summary, state, connectPath }: UpstreamLink): Html {
  const note = connectNotes[state]
  const label = state === 'reconsent_required' ? 'Connect again' : 'Connect'
  return html`<section class="entry" aria-labelledby="upstream-${id}">
<header><h2 id="upstream-${id}">${displayName}</h2>${renderConnectionState(state)}</header>
${summary && html`<p class="soft small">${summary}</p>`}
${note && html`<p>${note}</p>`}
${note && connectPath && html`<div class="actions"><a class="button" href="${connectPath}" aria-label="${label} ${displayName}">${label}</a></div>`}
</section>`
}

function renderExtraScope({ scope, tools }: ConsentPageOptions['extraScopes'][number]): Html {
  const names = tools.map((tool, index) => html`${index > 0 && ', '}<code>${tool}</code>`)
  const what = names.length > 0 ? html`also call ${names}` : 'also do what needs it'
  return html`<li>${what} (scope <code>${scope}</code>)</li>`
}
