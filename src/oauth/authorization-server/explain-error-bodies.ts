import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ReasonCode } from '../../errors/reasons.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { explainOAuthError } from './explain-oauth-error.ts'
import { getRequestContext } from './request-context.ts'

/** Adds our reason code and the request id to the JSON errors of the provider, as every other error of the gateway has them. */
export function explainErrorBodies(provider: Provider): void {
  const explained = new WeakMap<object, ReasonCode>()
  const explain = (ctx: KoaContextWithOIDC, error: Error) => {
    explained.set(ctx.req, explainOAuthError(error))
  }
  provider.on('grant.error', explain)
  provider.on('registration_create.error', explain)
  provider.on('revocation.error', explain)
  provider.on('server_error', explain)
  provider.use(async (ctx, next) => {
    await next()
    const reason = explained.get(ctx.req)
    const body: unknown = ctx.body
    if (reason === undefined || !isJsonObject(body)) return
    ctx.body = { ...body, ...correctCode(body), reason, request_id: getRequestContext(ctx.req).requestId }
  })
}

/** The provider says invalid_request of a grant type that the client may not use; RFC 6749 §5.2 has a code for that. */
function correctCode({ error_description: description }: JsonObject): { readonly error?: string } {
  return description === 'requested grant type is not allowed for this client' ? { error: 'unauthorized_client' } : {}
}
