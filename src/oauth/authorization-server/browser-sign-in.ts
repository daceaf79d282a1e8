import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BrowserPerson, BrowserSignIn } from '../../contracts/upstream-links.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { sha256 } from '../../lib/hash.ts'
import { randomToken } from '../../lib/random-id.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { describePerson } from './answer-consent.ts'
import { describeSessionCookie, pageOf } from './configure-provider.ts'
import type { FormTokens } from './form-token.ts'
import type { InteractionHost } from './interaction.ts'
import { resolveReturnPath } from './return-path.ts'
import { rewriteRequest } from './rewrite-request.ts'

/** What knowing the person of a browser needs. */
export interface BrowserSignInOptions {
  readonly publicUrl: string
  readonly basePath: string
  /** Read at every use: keys are rotated while the gateway runs. */
  readonly formTokens: () => FormTokens
  /** Opened with the first browser that comes. */
  readonly host: () => Promise<InteractionHost>
}

/**
 * Who is signed in to a browser, for pages that belong to no authorization request. They share the session and the sign-in of those that
 * do, yet no client, code or consent is involved: the sign-in ends at a page of the gateway.
 */
export function createBrowserSignIn(options: BrowserSignInOptions): BrowserSignIn {
  const { publicUrl, basePath, formTokens } = options
  return {
    find: async (request, response) => findPerson(request, response, await options.host()),
    begin: async (_request, response, { returnPath, switchPerson }) => {
      const { pathname, search } = resolveReturnPath(returnPath, publicUrl)
      const query = new URLSearchParams({ return_to: pathname + search })
      if (switchPerson) query.set('account', 'other')
      query.set('token', formTokens().create(describeStart(query)))
      const location = `${basePath}/oauth/sign-in?${query.toString()}`
      response.writeHead(303, { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end()
    },
    createFormToken: (purpose, person) => formTokens().create(describeForm(purpose, person)),
    checkFormToken: (token, purpose, person) => formTokens().verify(describeForm(purpose, person), token),
  }
}

/**
 * Sends a browser to the sign-in page, for whoever has a link that `begin` made: nobody else decides where a sign-in leads. The front door has
 * counted the request, for it stores a record.
 */
export async function beginSignIn(
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  host: InteractionHost,
): Promise<void> {
  if (!host.formTokens.verify(describeStart(query), query.get('token') ?? ''))
    throw new GatewayError('grant_request_invalid', {
      detail: 'the link to the sign-in page was not made by this gateway',
    })
  const location = resolveReturnPath(query.get('return_to') ?? '', host.publicUrl).href
  const switchPerson = query.get('account') === 'other'
  // Back in the browser's history: there is nothing to ask.
  const signedIn = switchPerson ? undefined : await findPerson(request, response, host)
  const page = signedIn === undefined ? await storeInteraction(query, request, response, host) : location
  response.writeHead(303, { location: page, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end()
}

/** Begins an interaction as the provider does, and returns the path of its page, to which its cookie is bound. */
async function storeInteraction(
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  { provider, publicUrl, basePath, settings }: InteractionHost,
): Promise<string> {
  const uid = randomToken()
  const ttlSeconds = Math.max(1, Math.round(settings().stateTtlSeconds))
  const returnPath = query.get('return_to')
  const interaction = new provider.Interaction()
  interaction.uid = uid
  interaction.prompt = { name: 'login', reasons: ['gateway_page'], details: { returnPath } }
  interaction.params = query.has('account') ? { prompt: 'login' } : {}
  await interaction.save(ttlSeconds)
  const path = `${basePath}/oauth/${pageOf('login', settings())}/${uid}`
  const options = { ...describeSessionCookie(publicUrl).options, path, maxAge: ttlSeconds * 1000 }
  provider.createContext(request, response).cookies.set(provider.cookieName('interaction'), uid, options)
  return path
}

async function findPerson(
  request: IncomingMessage,
  response: ServerResponse,
  { provider, publicUrl, people, findKnownSubject }: InteractionHost,
): Promise<BrowserPerson | undefined> {
  const rewritten = rewriteRequest(request, { url: '/', body: Buffer.alloc(0) }, publicUrl)
  const session = await provider.Session.get(provider.createContext(rewritten, response))
  const { accountId: subject, uid, loginTs } = session
  const known = subject === undefined ? undefined : await findKnownSubject(subject)
  if (subject === undefined || known === undefined) return undefined
  const person = await people.find(subject)
  return {
    subject,
    tenant: known.tenant ?? defaultTenant,
    claimedTenant: known.tenant,
    name: describePerson(person) ?? subject,
    roles: person?.roles ?? [],
    sessionId: sha256(JSON.stringify([uid, loginTs, subject])),
  }
}

function describeStart(query: URLSearchParams): string {
  return JSON.stringify(['begin-sign-in', query.get('return_to'), query.get('account')])
}

function describeForm(purpose: string, { sessionId }: BrowserPerson): string {
  return JSON.stringify(['page', purpose, sessionId])
}
