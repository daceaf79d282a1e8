import type * as OpenIdClient from 'openid-client'
import type { Clock } from '../contracts/clock.ts'
import type { IdentityProviderSettings } from '../contracts/identity-provider.ts'
import type { CallAuthorizationServer } from '../http/call-authorization-server.ts'
import { isJsonObject } from '../lib/json.ts'

/** What talking to an identity provider needs. */
export interface ProviderConfigurationOptions {
  readonly settings: IdentityProviderSettings
  readonly call: CallAuthorizationServer
  readonly clock: Clock
}

/** Makes one configuration of openid-client for every step: with it end the keys that it read. */
export interface ProviderConfiguration {
  load(client: typeof OpenIdClient): Promise<OpenIdClient.Configuration>
  /** Reads the metadata of the provider anew the next time: what is known may be why a step failed. */
  forget(): void
}

/** The clocks of the provider and of this machine may differ by this much. */
const clockToleranceSeconds = 60
/** Endpoints of a provider hardly ever move. */
const metadataMs = 3600 * 1000
/** Accepted where no metadata names any. Asymmetric only: with a shared secret, whoever holds it could be anybody. */
const signatureAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'RS384', 'RS512', 'PS384', 'PS512', 'EdDSA']

/** Metadata comes from discovery (OpenID Connect Discovery §4), but for the endpoints that the project writes down itself. */
export function createProviderConfiguration(options: ProviderConfigurationOptions): ProviderConfiguration {
  const { settings, clock } = options
  const send = createSend(options)
  const written = readWrittenEndpoints(settings)
  const remembered = rememberMetadata(send, written, clock)
  return {
    forget: remembered.forget,
    async load(client) {
      const times = clientTimes(client, clock)
      const configuration = hasEverything(written)
        ? configureAsWritten(client, settings, written, times)
        : await discoverEither(client, settings, remembered.fetch, times)
      configuration[client.customFetch] = send
      configuration.timeout = librarySeconds(settings)
      client.enableNonRepudiationChecks(configuration)
      // The door decides which plain http is allowed.
      client.allowInsecureRequests(configuration)
      return configuration
    },
  }
}

/** A fetch for discovery that asks the provider once in a while, and lets the endpoints of the project replace those it finds. */
function rememberMetadata(send: OpenIdClient.CustomFetch, written: WrittenEndpoints, clock: Clock) {
  const documents = new Map<string, { readonly text: string; readonly atMs: number }>()
  const fetch: OpenIdClient.CustomFetch = async (url, request) => {
    const known = documents.get(url)
    if (known !== undefined && clock() - known.atMs < metadataMs) return answerJson(known.text)
    const answer = await send(url, request)
    if (answer.status !== 200) return answer
    const document: unknown = await answer.json()
    const text = JSON.stringify(isJsonObject(document) ? { ...document, ...written } : document)
    documents.set(url, { text, atMs: clock() })
    return answerJson(text)
  }
  return { fetch, forget: () => documents.clear() }
}

function configureAsWritten(
  client: typeof OpenIdClient,
  settings: IdentityProviderSettings,
  written: WrittenEndpoints,
  times: ClientTimes,
): OpenIdClient.Configuration {
  const { issuer, clientId } = settings
  const metadata = { issuer, id_token_signing_alg_values_supported: signatureAlgorithms, ...written }
  return new client.Configuration(metadata, clientId, times, authenticateClient(client, settings))
}

/** The door has the exact limit; that of the library must only not be shorter. */
function librarySeconds({ remoteTimeoutMs }: IdentityProviderSettings): number {
  return Math.ceil(remoteTimeoutMs / 1000) + 1
}

/** Date.now() unless a test moves time. */
function clientTimes(client: typeof OpenIdClient, clock: Clock): ClientTimes {
  const skewSeconds = Math.round((clock() - Date.now()) / 1000)
  return { [client.clockTolerance]: clockToleranceSeconds, [client.clockSkew]: skewSeconds }
}

type ClientTimes = Partial<OpenIdClient.ClientMetadata>
type WrittenEndpoints = { readonly [Name in 'authorization_endpoint' | 'token_endpoint' | 'jwks_uri']?: string }

function readWrittenEndpoints(settings: IdentityProviderSettings): WrittenEndpoints {
  const { authorizationUrl, tokenUrl, jwksUrl } = settings
  return {
    ...(authorizationUrl !== undefined && { authorization_endpoint: authorizationUrl }),
    ...(tokenUrl !== undefined && { token_endpoint: tokenUrl }),
    ...(jwksUrl !== undefined && { jwks_uri: jwksUrl }),
  }
}

function hasEverything(written: WrittenEndpoints): boolean {
  return Object.keys(written).length === 3
}

/** People leave out the closing slash of an issuer, or add one. The metadata says which it is, and the ID token must agree with it. */
async function discoverEither(
  client: typeof OpenIdClient,
  settings: IdentityProviderSettings,
  fetch: OpenIdClient.CustomFetch,
  times: ClientTimes,
): Promise<OpenIdClient.Configuration> {
  const { issuer, clientId } = settings
  const discover = (at: string) =>
    client.discovery(new URL(at), clientId, times, authenticateClient(client, settings), {
      [client.customFetch]: fetch,
      timeout: librarySeconds(settings),
      execute: [client.allowInsecureRequests],
    })
  try {
    return await discover(issuer)
  } catch (error) {
    if (!(error instanceof client.ClientError) || error.code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') throw error
    return discover(issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`)
  }
}

function authenticateClient(
  client: typeof OpenIdClient,
  { clientSecret, clientAuthentication }: IdentityProviderSettings,
): OpenIdClient.ClientAuth {
  if (clientSecret === undefined) return client.None()
  const basic = client.ClientSecretBasic(clientSecret.reveal())
  const post = client.ClientSecretPost(clientSecret.reveal())
  return (metadata, ...rest) => {
    // RFC 8414 §2: without the member, client_secret_basic.
    const supported = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const preferred = supported.includes('client_secret_basic') ? 'client_secret_basic' : 'client_secret_post'
    const authenticate = (clientAuthentication ?? preferred) === 'client_secret_basic' ? basic : post
    return authenticate(metadata, ...rest)
  }
}

function createSend({ settings, call }: ProviderConfigurationOptions): OpenIdClient.CustomFetch {
  return (url, { method, headers, body }) =>
    call(url, { method, headers, body: readBodyText(body), timeoutMs: settings.remoteTimeoutMs })
}

function readBodyText(body: OpenIdClient.FetchBody): string | undefined {
  if (body === null || body === undefined) return undefined
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('the request to the identity provider has a body of another kind')
}

function answerJson(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}
