import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { renderConnectionState } from './connection-state.ts'
import { type Html, html, type RenderedPage, renderPage } from './render-page.ts'

/** One upstream as the list shows it. Paths are of this gateway; an absent one is not offered. */
export interface ConnectionEntry {
  /** Unique on the page. */
  readonly id: string
  readonly displayName: string
  readonly summary: string | undefined
  readonly state: UpstreamLink['state']
  /** Why it must be connected again, with the reason code. */
  readonly trouble: { readonly message: string; readonly reason: string } | undefined
  /** Whose account or key it is, in words. */
  readonly account: string
  readonly scopes: readonly string[]
  readonly connectedAtMs: number | undefined
  readonly lastUsedAtMs: number | undefined
  /** What the button that connects says. */
  readonly connectLabel: string
  readonly connectPath: string | undefined
  readonly disconnectPath: string | undefined
}

/** What the page of all connections shows. */
export interface ConnectionsPageOptions {
  readonly person: string
  readonly entries: readonly ConnectionEntry[]
  /** What just happened. */
  readonly notice: string | undefined
  readonly signOutPath: string
}

/** All upstreams that a person can reach, and how each is connected. */
export function renderConnectionsPage(options: ConnectionsPageOptions): RenderedPage {
  const { person, entries, notice } = options
  const content = html`<h1>Your connections</h1>
<p class="soft">Signed in as <strong>${person}</strong></p>
${notice && html`<p class="note good" role="status">${notice}</p>`}
${
  entries.length === 0
    ? html`<p>There is nothing to connect: no virtual server of this gateway needs an account or a key of yours.</p>`
    : entries.map(renderEntry)
}
<footer>Not ${person}? <a href="${options.signOutPath}">Sign out</a></footer>`
  return renderPage({ title: 'Connections', content })
}

function renderEntry(entry: ConnectionEntry): Html {
  const { id, displayName, summary, state, trouble, connectPath, disconnectPath } = entry
  return html`<section class="entry" aria-labelledby="upstream-${id}">
<header><h2 id="upstream-${id}">${displayName}</h2>${renderConnectionState(state)}</header>
${summary && html`<p class="soft small">${summary}</p>`}
${trouble && html`<p class="error">${trouble.message} <code>${trouble.reason}</code></p>`}
<dl>
<div><dt>Reached with</dt><dd>${entry.account}</dd></div>
${entry.scopes.length > 0 && html`<div><dt>Scopes</dt><dd><code>${entry.scopes.join(' ')}</code></dd></div>`}
${
  entry.connectedAtMs !== undefined &&
  html`<div><dt>Connected since</dt><dd>${renderTime(entry.connectedAtMs)}</dd></div>
<div><dt>Last used</dt><dd>${entry.lastUsedAtMs === undefined ? 'not yet' : renderTime(entry.lastUsedAtMs)}</dd></div>`
}
</dl>
${
  (connectPath ?? disconnectPath) !== undefined &&
  html`<div class="actions">
${disconnectPath && html`<a class="button" href="${disconnectPath}" aria-label="Disconnect ${displayName}">Disconnect</a>`}
${connectPath && html`<a class="button${state === 'connected' ? '' : ' primary'}" href="${connectPath}" aria-label="${entry.connectLabel} ${displayName}">${entry.connectLabel}</a>`}
</div>`
}
</section>`
}

function renderTime(milliseconds: number): Html {
  const iso = new Date(milliseconds).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
