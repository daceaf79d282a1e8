import { html, type RenderedPage, renderPage } from './render-page.ts'

/** What the sign-out page shows. */
export interface SignOutPageOptions {
  readonly subject: string
  readonly formToken: string
}

/** Asks before signing out: a link on another site must not be able to. */
export function renderSignOutPage({ subject, formToken }: SignOutPageOptions): RenderedPage {
  const content = html`<h1>Sign out?</h1>
<p class="soft">Signed in as <strong>${subject}</strong></p>
<p>The next application that connects in this browser asks who you are. Applications that you allowed stay connected.</p>
<form method="post">
<input type="hidden" name="form_token" value="${formToken}">
<div class="actions"><button class="primary" type="submit">Sign out</button></div>
</form>`
  return renderPage({ title: 'Sign out', content })
}
