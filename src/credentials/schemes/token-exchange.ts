import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { Subject } from '../../contracts/subject.ts'
import type { UpstreamSettings, UpstreamTokenExchange } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { TokenSet } from '../token-endpoint.ts'
import type { MachineParts } from './machine-parts.ts'
import { presentObtainedToken } from './obtained-token.ts'

/** `token-exchange`: the upstream sees the person, by a token made of what they signed in with (RFC 8693). */
export function createTokenExchange(
  upstream: UpstreamSettings,
  settings: UpstreamTokenExchange,
  parts: MachineParts,
): CredentialScheme {
  return presentObtainedToken({
    keyOf: ({ subject }) => keyOfPerson(subject),
    request: ({ subject }) => exchangeSignIn(subject, upstream, settings, parts),
    clock: parts.clock,
  })
}

/** Tokens of people: never the same for two of them, nor for one name in two tenants. */
export function keyOfPerson(subject: Subject | undefined): string {
  return JSON.stringify([subject?.tenant, subject?.id])
}

async function exchangeSignIn(
  subject: Subject | undefined,
  upstream: UpstreamSettings,
  settings: UpstreamTokenExchange,
  parts: MachineParts,
): Promise<TokenSet | GatewayError> {
  const { tokenUrl, clientAuth, subjectToken, audience, resource, scopes, requestedTokenType } = settings
  return withSubjectToken(subject, subjectToken, parts, (token) =>
    parts.requestToken({
      upstream,
      tokenEndpoint: tokenUrl,
      client: clientAuth,
      invalidGrant: 'credential_missing',
      parameters: {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: `urn:ietf:params:oauth:token-type:${subjectToken}`,
        requested_token_type: requestedTokenType,
        audience,
        resource,
        scope: scopes.length > 0 ? scopes.join(' ') : undefined,
      },
    }),
  )
}

/** Does something with a token of the person's sign-in. */
export async function withSubjectToken(
  subject: Subject | undefined,
  kind: 'id_token' | 'access_token',
  { signInTokens }: MachineParts,
  use: (token: string) => Promise<TokenSet | GatewayError>,
): Promise<TokenSet | GatewayError> {
  const token = subject && (await signInTokens.find(subject.id, subject.tenant, kind))
  return token === undefined
    ? new GatewayError('credential_missing', { detail: `no ${kind} of a sign-in is kept` })
    : use(token)
}
