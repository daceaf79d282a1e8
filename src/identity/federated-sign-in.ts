import type * as OpenIdClient from 'openid-client'
import type { Clock } from '../contracts/clock.ts'
import type {
  FinishedSignIn,
  IdentityProvider,
  IdentityProviderSettings,
  PendingSignIn,
  SignInStart,
} from '../contracts/identity-provider.ts'
import type { SignInTokens } from '../contracts/sign-in-tokens.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../http/call-authorization-server.ts'
import type { JsonObject } from '../lib/json.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { findDisallowed } from './check-allowed.ts'
import { explainSignInError } from './explain-sign-in-error.ts'
import { createProviderConfiguration } from './provider-configuration.ts'
import { readPerson } from './read-claims.ts'

/** What signing in at an identity provider needs. */
export interface FederatedSignInOptions {
  readonly settings: IdentityProviderSettings
  readonly call: CallAuthorizationServer
  readonly clock?: Clock | undefined
}

/**
 * Sign-in at an OpenID Connect provider: authorization code flow, PKCE (S256) and nonce always, ID token validated with its
 * signature. Keys are read at every sign-in, so that a rotation at the provider is never noticed.
 */
export function createFederatedSignIn(options: FederatedSignInOptions): IdentityProvider {
  const { settings, call, clock = Date.now } = options
  const configuration = createProviderConfiguration({ settings, call, clock })
  return {
    settings,
    async begin(start) {
      const client = await import('openid-client')
      try {
        return await beginSignIn(client, await configuration.load(client), settings, start)
      } catch (error) {
        configuration.forget()
        throw explainSignInError(error, client)
      }
    },
    async findSignOutUrl() {
      const client = await import('openid-client')
      try {
        return buildSignOutUrl(client, await configuration.load(client))
      } catch (error) {
        throw explainSignInError(error, client)
      }
    },
    async refresh(refreshToken) {
      const client = await import('openid-client')
      try {
        return await refreshTokens(client, await configuration.load(client), refreshToken)
      } catch (error) {
        throw explainSignInError(error, client)
      }
    },
    async finish(answer, pending) {
      // Reloaded meanwhile: a code of one provider must never be sent to another (RFC 9700 §4.4).
      if (pending.issuer !== settings.issuer || pending.clientId !== settings.clientId)
        throw new GatewayError('grant_expired', { detail: 'it was begun at another identity provider' })
      const client = await import('openid-client')
      try {
        return await finishSignIn(client, await configuration.load(client), settings, { answer, pending })
      } catch (error) {
        const explained = explainSignInError(error, client)
        if (explained.reason !== 'identity_not_allowed' && explained.reason !== 'identity_refused')
          configuration.forget()
        throw explained
      }
    },
  }
}

/** The provider may ask there. No ID token is kept for a hint, and nobody is sent back. */
function buildSignOutUrl(client: typeof OpenIdClient, configuration: OpenIdClient.Configuration): URL | undefined {
  const endpoint = URL.parse(configuration.serverMetadata().end_session_endpoint ?? '')
  if (endpoint?.protocol !== 'https:' && endpoint?.protocol !== 'http:') return undefined
  return client.buildEndSessionUrl(configuration)
}

async function beginSignIn(
  client: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  settings: IdentityProviderSettings,
  { redirectUri, chooseAccount }: SignInStart,
): Promise<{ url: URL; pending: PendingSignIn }> {
  const { issuer, clientId, scope, accountPrompt, authorizationParameters } = settings
  const secrets = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    codeVerifier: client.randomPKCECodeVerifier(),
  }
  const url = client.buildAuthorizationUrl(configuration, {
    ...(chooseAccount ? { prompt: accountPrompt } : {}),
    ...authorizationParameters,
    redirect_uri: redirectUri,
    scope,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(secrets.codeVerifier),
    code_challenge_method: 'S256',
  })
  // Where a password may be typed; the library was told to leave the decision about plain http to us.
  if (url.protocol !== 'https:' && !isLoopbackHost(url.hostname)) {
    throw new GatewayError('identity_response_invalid', { detail: 'the authorization endpoint is not on https' })
  }
  return { url, pending: { issuer, clientId, ...secrets } }
}

async function finishSignIn(
  client: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  settings: IdentityProviderSettings,
  { answer, pending }: { readonly answer: URL; readonly pending: PendingSignIn },
): Promise<FinishedSignIn> {
  const tokens = await client.authorizationCodeGrant(configuration, answer, {
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    pkceCodeVerifier: pending.codeVerifier,
    idTokenExpected: true,
  })
  const idToken = tokens.claims()
  if (idToken === undefined) throw new GatewayError('identity_response_invalid', { detail: 'there is no ID token' })
  const claims = await completeClaims(client, configuration, settings, idToken, tokens.access_token)
  const person = readPerson(claims, settings)
  if (person === undefined) {
    const detail = `no usable ${settings.subjectClaims.join(' and ')} in the ID token`
    throw new GatewayError('identity_response_invalid', { detail })
  }
  const disallowed = findDisallowed(claims, settings.allow, settings.claims, settings.tenants)
  if (disallowed !== undefined)
    throw new GatewayError('identity_not_allowed', { detail: `${person.subject}: ${disallowed}` })
  return { person, tokens: keepTokens(tokens, undefined) }
}

async function refreshTokens(
  client: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  refreshToken: string,
): Promise<SignInTokens> {
  return keepTokens(await client.refreshTokenGrant(configuration, refreshToken), refreshToken)
}

/** Without a new refresh token the old one holds (RFC 6749 §6). */
function keepTokens(
  tokens: Awaited<ReturnType<typeof OpenIdClient.refreshTokenGrant>>,
  former: string | undefined,
): SignInTokens {
  const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken = former } = tokens
  const expiresAt = tokens.claims()?.exp
  if (idToken === undefined || expiresAt === undefined) {
    throw new GatewayError('identity_response_invalid', { detail: 'there is no ID token' })
  }
  const lifetime = tokens.expiresIn()
  return {
    idToken,
    accessToken,
    refreshToken,
    idTokenExpiresAtMs: expiresAt * 1000,
    accessTokenExpiresAtMs: lifetime === undefined ? undefined : Date.now() + lifetime * 1000,
  }
}

/** The claims of the ID token, and what it does not say from the userinfo endpoint. What the ID token says is never replaced. */
async function completeClaims(
  client: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  settings: IdentityProviderSettings,
  idToken: OpenIdClient.IDToken,
  accessToken: string,
): Promise<JsonObject> {
  const hasEndpoint = configuration.serverMetadata().userinfo_endpoint !== undefined
  if (!settings.userInfo || !hasEndpoint) return { ...idToken }
  const userInfo = await client.fetchUserInfo(configuration, accessToken, idToken.sub)
  return { ...withoutOtherAddress(userInfo, idToken), ...idToken }
}

/** An address and whether it was verified belong together: one must not vouch for that of the other. */
function withoutOtherAddress(userInfo: JsonObject, idToken: JsonObject): JsonObject {
  const saysNothing = idToken['email'] === undefined && idToken['email_verified'] === undefined
  if (saysNothing || idToken['email'] === userInfo['email']) return userInfo
  const { email: _email, email_verified: _verified, ...rest } = userInfo
  return rest
}
