import { html, type RenderedPage, renderPage } from './render-page.ts'

/** Shown for a moment, or until the link is followed, between signing out and signing in again at `continueUrl`. */
export function renderSwitchingPage(continueUrl: string): RenderedPage {
  const content = html`<h1>You are signed out</h1>
<p><a href="${continueUrl}">Sign in as somebody else</a></p>`
  return renderPage({ title: 'Signed out', content })
}

/** Nobody is signed in in this browser. `provider` is where the identity provider says that its own session can be ended. */
export function renderSignedOutPage(provider: URL | undefined): RenderedPage {
  const content = html`<h1>You are signed out</h1>
<p class="soft">Nobody is signed in to this gateway in this browser. You may close this page.</p>
${provider && html`<p>You may still be signed in at ${provider.host}: <a href="${provider.href}">sign out there too</a></p>`}`
  return renderPage({ title: 'Signed out', content })
}
