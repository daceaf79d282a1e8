import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { renderErrorPage } from '../pages/error-page.ts'
import { explainOAuthError } from './explain-oauth-error.ts'
import { getRequestContext } from './request-context.ts'

/** Shows an error of the provider to the person in front of the browser, where redirecting would not be safe. */
export function renderProviderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): void {
  const reason = explainOAuthError(error)
  // The other reasons say it better themselves.
  const description = reason === 'grant_request_invalid' ? out.error_description : undefined
  const page = renderErrorPage({ reason, requestId: getRequestContext(ctx.req).requestId, description })
  for (const [name, value] of Object.entries(page.headers)) ctx.set(name, value)
  ctx.body = page.body
}
