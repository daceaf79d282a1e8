import { renderFields } from './connect-page.ts'
import { html, type RenderedPage, renderPage } from './render-page.ts'

/** What the page before a disconnection shows. */
export interface DisconnectPageOptions {
  readonly person: string
  readonly displayName: string
  readonly kind: 'oauth' | 'api-key'
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly listPath: string
}

/** Asks before a connection is removed. */
export function renderDisconnectPage(options: DisconnectPageOptions): RenderedPage {
  const { person, displayName, kind } = options
  const content = html`<h1>Disconnect ${displayName}?</h1>
<p class="soft">Signed in as <strong>${person}</strong></p>
<p>${
    kind === 'oauth'
      ? `Sallyport forgets your access and revokes it at ${displayName} where that is supported.`
      : `Sallyport forgets your key. It stays valid at ${displayName} until you remove it there.`
  } Your applications stay signed in to this gateway, but cannot use ${displayName} until you connect again.</p>
<form method="post">
${renderFields(options.fields)}
<div class="actions">
<a class="button" href="${options.listPath}">Keep it</a>
<button class="primary" type="submit">Disconnect</button>
</div>
</form>`
  return renderPage({ title: `Disconnect ${displayName}`, content })
}
