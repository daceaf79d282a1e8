import { expect, test } from 'vitest'
import type { Exchange } from '../../contracts/exchange.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { Secret } from '../../lib/secret.ts'
import { mcpTokenExchangeInbound } from '../../policies/mcp-token-exchange-inbound/policy.ts'
import type { TokenRequest } from '../oauth-client/token-request.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createIdJag } from './id-jag.ts'
import type { MachineParts } from './machine-parts.ts'
import { createTokenExchange } from './token-exchange.ts'

const clientAuth = { method: 'client_secret_basic', clientId: 'gw', clientSecret: 's3cret' }
const url = 'https://up.example/mcp'

/** The settings of a policy with these options. */
function settingsOf(options: object): UpstreamSettings {
  const parsed = mcpTokenExchangeInbound.options.parse({ displayName: 'Up', ...options })
  const settings = mcpTokenExchangeInbound.upstreamSettings?.(parsed, 'mcp-token-exchange-up', url)
  if (settings === undefined) throw new Error('the policy has no settings')
  return settings
}

/** Parts that note what is asked for; `answer` gives tokens or refusals by their order. */
function noteRequests(answer: (count: number) => GatewayError | undefined = () => undefined) {
  const requests: TokenRequest[] = []
  const parts: MachineParts = {
    async requestToken(request) {
      requests.push(request)
      const token = { refreshToken: undefined, expiresAtMs: undefined, scopes: undefined, issuedTokenType: undefined }
      return answer(requests.length) ?? { ...token, accessToken: `t${requests.length}` }
    },
    discovery: {
      find: async () => ({ resource: `${url}/found`, server: { tokenEndpoint: 'https://as.example/found' } }) as never,
      forget: () => {},
    },
    signInTokens: {
      put: async () => {},
      find: async (subject, _tenant, kind) => (subject === 'ada' ? `${kind}-ada` : undefined),
    },
    clock: () => 1_800_000_000_000,
  }
  return { requests, parts }
}

const exchangeOf = (id: string, tenant = 'default') => ({ subject: { id, tenant } }) as unknown as Exchange

test('client credentials: one token of the gateway for everybody, from where the options say', async () => {
  const options = { tokenUrl: 'https://as.example/token', clientAuth, scopes: ['a', 'b'], audience: 'api' }
  const upstream = settingsOf({ authMode: 'client-credentials', clientCredentials: options })
  if (upstream.clientCredentials === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests()
  const scheme = createClientCredentials(upstream, upstream.clientCredentials, parts)
  expect(await scheme.obtain(exchangeOf('ada'))).toMatchObject({ headers: [['authorization', 'Bearer t1']] })
  expect(await scheme.obtain(exchangeOf('bob'))).toMatchObject({ headers: [['authorization', 'Bearer t1']] })
  expect(requests).toHaveLength(1)
  expect(requests[0]).toMatchObject({
    tokenEndpoint: 'https://as.example/token',
    client: { method: 'client_secret_basic', clientId: 'gw', clientSecret: expect.any(Secret) },
    parameters: { grant_type: 'client_credentials', scope: 'a b', audience: 'api', resource: undefined },
  })
})

test('client credentials: without a token endpoint the upstream says which, and for which resource', async () => {
  const upstream = settingsOf({ authMode: 'client-credentials', clientCredentials: { clientAuth } })
  if (upstream.clientCredentials === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests()
  await createClientCredentials(upstream, upstream.clientCredentials, parts).obtain(exchangeOf('ada'))
  expect(requests[0]).toMatchObject({
    tokenEndpoint: 'https://as.example/found',
    parameters: { resource: `${url}/found`, scope: undefined },
  })
})

test('token exchange: the token of the sign-in becomes one of the upstream, per person and tenant', async () => {
  const tokenExchange = {
    tokenUrl: 'https://as.example/token',
    clientAuth,
    subjectToken: 'access_token',
    audience: 'up',
  }
  const upstream = settingsOf({ authMode: 'token-exchange', tokenExchange })
  if (upstream.tokenExchange === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests()
  const scheme = createTokenExchange(upstream, upstream.tokenExchange, parts)
  expect(await scheme.obtain(exchangeOf('ada'))).toMatchObject({ headers: [['authorization', 'Bearer t1']] })
  expect(await scheme.obtain(exchangeOf('ada', 'acme'))).toMatchObject({ headers: [['authorization', 'Bearer t2']] })
  expect(requests[0]?.parameters).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'access_token-ada',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: undefined,
    audience: 'up',
    resource: undefined,
    scope: undefined,
  })
})

test('who did not sign in with the provider has nothing to exchange, and nothing is asked for', async () => {
  const tokenExchange = { tokenUrl: 'https://as.example/token', clientAuth }
  const upstream = settingsOf({ authMode: 'token-exchange', tokenExchange })
  if (upstream.tokenExchange === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests()
  const scheme = createTokenExchange(upstream, upstream.tokenExchange, parts)
  expect(await scheme.obtain(exchangeOf('consumer:ci'))).toMatchObject({ reason: 'credential_missing' })
  expect(requests).toHaveLength(0)
})

test('ID-JAG: the provider asserts the person, the upstream redeems it, each with its own client; the scope is asked for once', async () => {
  const idp = { tokenUrl: 'https://idp.example/token', clientAuth: { ...clientAuth, clientId: 'at-idp' } }
  const resourceAs = { tokenUrl: 'https://as.example/token', audience: 'https://as.example', clientAuth }
  const upstream = settingsOf({
    authMode: 'id-jag',
    idJag: { idp, resourceAs, scopes: ['x', 'y'], scopeDelimiter: ',' },
  })
  if (upstream.idJag === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests()
  const scheme = createIdJag(upstream, upstream.idJag, parts)
  expect(await scheme.obtain(exchangeOf('ada'))).toMatchObject({ headers: [['authorization', 'Bearer t2']] })
  expect(requests.map(({ tokenEndpoint, client, tokenType }) => [tokenEndpoint, client.clientId, tokenType])).toEqual([
    ['https://idp.example/token', 'at-idp', 'N_A'],
    ['https://as.example/token', 'gw', undefined],
  ])
  expect(requests[0]?.parameters).toMatchObject({
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: 'id_token-ada',
    audience: 'https://as.example',
    resource: url,
    scope: 'x,y',
  })
  expect(requests[1]?.parameters).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 't1',
  })
})

test('ID-JAG: what the provider refuses is not redeemed', async () => {
  const idp = { tokenUrl: 'https://idp.example/token', clientAuth }
  const resourceAs = { tokenUrl: 'https://as.example/token', audience: 'https://as.example', clientAuth }
  const upstream = settingsOf({ authMode: 'id-jag', idJag: { idp, resourceAs } })
  if (upstream.idJag === undefined) throw new Error('no settings')
  const { parts, requests } = noteRequests(() => new GatewayError('credential_missing'))
  expect(await createIdJag(upstream, upstream.idJag, parts).obtain(exchangeOf('ada'))).toMatchObject({
    reason: 'credential_missing',
  })
  expect(requests).toHaveLength(1)
})
