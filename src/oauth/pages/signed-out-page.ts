import { html, type RenderedPage, renderPage } from './render-page.ts'

/** Shown for a moment, or until the link is followed, between signing out and signing in again at `continueUrl`. */
export function renderSignedOutPage(continueUrl: string): RenderedPage {
  const content = html`<h1>You are signed out</h1>
<p><a href="${continueUrl}">Sign in as somebody else</a></p>`
  return renderPage({ title: 'Signed out', content })
}
