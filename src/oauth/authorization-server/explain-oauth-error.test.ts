import { expect, test } from 'vitest'
import { explainOAuthError } from './explain-oauth-error.ts'
import { loadOidcProvider } from './load-oidc-provider.ts'

test('every error a client can cause has a reason of its own', async () => {
  const { errors } = await loadOidcProvider()
  expect(explainOAuthError(new errors.InvalidClient('client is invalid'))).toBe('client_unknown')
  expect(explainOAuthError(new errors.InvalidClient('client_id metadata document fetch failed'))).toBe(
    'client_metadata_unreachable',
  )
  expect(explainOAuthError(new errors.InvalidClientAuth('client not found'))).toBe('client_unknown')
  expect(explainOAuthError(new errors.InvalidClientAuth('invalid secret provided'))).toBe('client_unauthenticated')
  expect(explainOAuthError(new errors.InvalidTarget())).toBe('grant_target_invalid')
  expect(explainOAuthError(new errors.InvalidGrant('x'))).toBe('grant_invalid')
  expect(explainOAuthError(new errors.SessionNotFound('x'))).toBe('grant_expired')
  expect(explainOAuthError(new errors.InvalidRequest('x'))).toBe('grant_request_invalid')
  expect(explainOAuthError(new errors.InvalidRedirectUri())).toBe('client_redirect_invalid')
  expect(explainOAuthError(new TypeError('bug'))).toBe('gateway_error')
})
