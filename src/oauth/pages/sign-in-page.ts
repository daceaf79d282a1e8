import { html, type RenderedPage, renderPage } from './render-page.ts'

/** What the development sign-in page shows. */
export interface SignInPageOptions {
  /** Who wants to connect to what; undefined when a page of the gateway itself asks. */
  readonly asking: { readonly clientName: string; readonly virtualServerTitle: string } | undefined
  readonly formToken: string
  readonly formTargets: readonly string[]
  /** What was typed before and why it was not accepted. */
  readonly rejected?: { readonly name: string; readonly message: string } | undefined
}

/** The sign-in page of dev login: type a name. */
export function renderSignInPage(options: SignInPageOptions): RenderedPage {
  const { asking, rejected } = options
  const content = html`<h1>Sign in to continue${asking && ` to ${asking.virtualServerTitle}`}</h1>
<p class="soft">${asking ? `${asking.clientName} wants to connect. Say who you are; you decide on the next page.` : 'Say who you are.'}</p>
<p class="note" role="note"><strong>Development sign-in.</strong> Anyone on this machine can be anyone here. It works on loopback only and is refused in production.</p>
<form method="post">
<input type="hidden" name="form_token" value="${options.formToken}">
<label for="name">Your name</label>
<input type="text" id="name" name="name" value="${rejected?.name ?? ''}" required maxlength="64" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus ${rejected ? html`aria-invalid="true" aria-describedby="problem"` : undefined}>
${rejected && html`<p class="error" id="problem" role="alert">${rejected.message}</p>`}
<div class="actions"><button class="primary" type="submit">Sign in</button></div>
</form>`
  return renderPage({ title: 'Sign in', content, formTargets: options.formTargets })
}
