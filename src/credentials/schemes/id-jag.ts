import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { Subject } from '../../contracts/subject.ts'
import type { UpstreamIdJag, UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { TokenSet } from '../token-endpoint.ts'
import type { MachineParts } from './machine-parts.ts'
import { presentObtainedToken } from './obtained-token.ts'
import { keyOfPerson, withSubjectToken } from './token-exchange.ts'

/**
 * `id-jag`: the company's identity provider asserts the person to the upstream's authorization server (enterprise-managed authorization;
 * RFC 8693 at the provider, RFC 7523 §2.1 at the upstream).
 */
export function createIdJag(
  upstream: UpstreamSettings,
  settings: UpstreamIdJag,
  parts: MachineParts,
): CredentialScheme {
  return presentObtainedToken({
    keyOf: ({ subject }) => keyOfPerson(subject),
    request: ({ subject }) => obtainByAssertion(subject, upstream, settings, parts),
    clock: parts.clock,
  })
}

async function obtainByAssertion(
  subject: Subject | undefined,
  upstream: UpstreamSettings,
  settings: UpstreamIdJag,
  parts: MachineParts,
): Promise<TokenSet | GatewayError> {
  const { idp, resourceAs, scopes, scopeDelimiter } = settings
  const assertion = await withSubjectToken(subject, 'id_token', parts, (token) =>
    parts.requestToken({
      upstream,
      tokenEndpoint: idp.tokenUrl,
      client: idp.clientAuth,
      tokenType: 'N_A',
      invalidGrant: 'credential_missing',
      parameters: {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        audience: resourceAs.audience,
        resource: resourceAs.resource ?? upstream.url,
        scope: scopes.length > 0 ? scopes.join(scopeDelimiter) : undefined,
      },
    }),
  )
  if (assertion instanceof GatewayError) return assertion
  // The assertion says which scopes; a provider in the field refuses them a second time.
  return parts.requestToken({
    upstream,
    tokenEndpoint: resourceAs.tokenUrl,
    client: resourceAs.clientAuth,
    invalidGrant: 'credential_client_rejected',
    parameters: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion.accessToken },
  })
}
