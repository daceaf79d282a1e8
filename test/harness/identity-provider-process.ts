// An OpenID provider in a process of its own, for test/harness/identity-provider.ts. Every `configure` message makes it anew; its
// sessions and codes stay. It signs in whoever types a name that it knows.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { JWK, Provider } from 'oidc-provider'
import { loadOidcProvider } from '../../src/oauth/authorization-server/load-oidc-provider.ts'
import { testCertificate, testKey } from './document-server.ts'
import type { IdentityProviderSetup } from './identity-provider.ts'

const realNow = Date.now
const module = await loadOidcProvider()
// About its in-memory store, at every start.
console.warn = () => {}
const requests: string[] = []
let keys: JWK[] = [makeKey('key-1')]
let provider: Provider | undefined
let setup: IdentityProviderSetup | undefined
let broken = false

const [port = '0', scheme = 'http'] = process.argv.slice(2)
const listener = (request: IncomingMessage, response: ServerResponse) => {
  requests.push(`${request.method} ${request.url?.split('?')[0]}`)
  void answer(request, response)
}
const server =
  scheme === 'https' ? createTlsServer({ key: testKey, cert: testCertificate }, listener) : createServer(listener)
server.listen(Number(port), '127.0.0.1', () => process.send?.({ ready: issuer() }))

process.on('message', (message: { id: number; command: string; value: unknown }) => {
  if (message.command === 'configure') configure(message.value as IdentityProviderSetup)
  if (message.command === 'rotate') {
    keys = [makeKey(`key-${realNow()}`)]
    if (setup) configure(setup)
  }
  if (message.command === 'clock') Date.now = () => realNow() + (message.value as number)
  if (message.command === 'break') broken = message.value as boolean
  process.send?.({ id: message.id, requests: requests.splice(0) })
})

function issuer(): string {
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function makeKey(kid: string): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kty: 'EC', kid, alg: 'ES256', use: 'sig' }
}

function configure(next: IdentityProviderSetup): void {
  setup = next
  provider = new module.Provider(issuer(), {
    clients: [
      {
        client_id: 'gateway',
        client_secret: next.clientSecret,
        redirect_uris: [next.redirectUri],
        id_token_signed_response_alg: 'ES256',
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys },
    cookies: { keys: ['only-for-tests'], names: { session: 'idp', interaction: 'idp-step', resume: 'idp-resume' } },
    claims: {
      openid: ['sub', 'tid', 'oid', 'hd', 'roles', 'groups', 'realm_access'],
      profile: ['name'],
      email: ['email', 'email_verified'],
    },
    // False puts all claims into the ID token; true leaves them to the userinfo endpoint.
    conformIdTokenClaims: next.thinIdTokens ?? false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, name) => ({ accountId: name, claims: () => ({ ...next.people[name], sub: name }) }),
    // Company applications are consented to by their administrator.
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: session?.accountId ?? '',
      })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
    ttl: { IdToken: next.idTokenTtlSeconds ?? 600, AccessToken: 600, Session: 3600, Interaction: 600, Grant: 3600 },
    jwksCacheControl: 'no-store',
  } as ConstructorParameters<typeof Provider>[1])
  provider.on('server_error', (_ctx, error) => console.error(error))
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (provider === undefined) return void response.writeHead(503).end()
  if (broken) return void response.writeHead(500).end('broken')
  if (!request.url?.startsWith('/interaction/')) return provider.callback()(request, response)
  if (request.method === 'GET') return showForm(response)
  const form = new URLSearchParams(await readText(request))
  const name = form.get('name') ?? ''
  const known = form.get('decision') !== 'cancel' && Object.hasOwn(setup?.people ?? {}, name)
  const result = known
    ? { login: { accountId: name } }
    : { error: 'access_denied', error_description: 'The person may not use this application.' }
  if (known) await leaveOtherSession(provider, name, request, response)
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

async function leaveOtherSession(idp: Provider, name: string, request: IncomingMessage, response: ServerResponse) {
  const interaction = await idp.interactionDetails(request, response)
  if (interaction.session === undefined || interaction.session.accountId === name) return
  await (await idp.Session.get(idp.createContext(request, response))).destroy()
  delete interaction.session
  await interaction.persist()
}

function showForm(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end(
    '<h1>Company sign-in</h1><form method="post"><input name="name"><button name="decision" value="sign-in">Sign in</button></form>',
  )
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
