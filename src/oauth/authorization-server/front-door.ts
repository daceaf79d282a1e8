import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../contracts/logger.ts'
import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import type { TakeRequest } from '../../http/limit-requests.ts'
import { readBody } from '../../http/read-body.ts'
import { readForm } from '../../http/read-form.ts'
import { isJsonObject } from '../../lib/json.ts'
import { renderErrorPage } from '../pages/error-page.ts'
import { answerInteraction } from './answer-interaction.ts'
import { answerJson, answerOAuthError, answerPreflight, corsHeaders } from './answer-json.ts'
import { answerSignOut } from './answer-sign-out.ts'
import { beginSignIn } from './browser-sign-in.ts'
import { type Endpoint, findEndpoint, methodsOf } from './endpoints.ts'
import type { InteractionHost } from './interaction.ts'
import type { PreRegisteredClients } from './pre-registered-clients.ts'
import { type RequestContext, setRequestContext } from './request-context.ts'
import type { LimitedKind } from './request-limits.ts'
import { type RewrittenParts, rewriteRequest } from './rewrite-request.ts'
import { sanitizeAuthorizeQuery } from './sanitize-authorize-request.ts'
import { sanitizeClientMetadata } from './sanitize-client-metadata.ts'
import { sanitizeTokenForm } from './sanitize-token-request.ts'
import { renderServerMetadata } from './server-metadata.ts'

/** What stands between the socket and the provider. */
export interface FrontDoorOptions {
  readonly publicUrl: string
  readonly basePath: string
  readonly virtualServers: VirtualServerDirectory
  readonly host: InteractionHost
  readonly clients: PreRegisteredClients
  readonly takeRequest: Readonly<Partial<Record<LimitedKind | Endpoint['kind'], TakeRequest>>>
  readonly log: Logger
  /** The provider's request listener. */
  readonly provide: (request: IncomingMessage, response: ServerResponse) => void
}

/** One request at the front door. */
interface Arrival {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly search: string
  readonly context: RequestContext
}

const bodyLimitBytes = 64 * 1024
const searchLimitBytes = 8 * 1024
const noStore = { 'cache-control': 'no-store' }

/**
 * Every request of the authorization server passes here before the provider sees it: what real clients send is brought into the
 * form that a strict server accepts, and what must not reach the provider (foreign hosts, large bodies) does not.
 */
export class FrontDoor {
  readonly #options: FrontDoorOptions

  constructor(options: FrontDoorOptions) {
    this.#options = options
  }

  /** Answers one request; never rejects. */
  async handle(context: RequestContext, response: ServerResponse): Promise<void> {
    const request = context.original
    const url = request.url ?? '/'
    const queryStart = url.indexOf('?')
    const path = queryStart < 0 ? url : url.slice(0, queryStart)
    const search = queryStart < 0 ? '' : url.slice(queryStart)
    const endpoint = findEndpoint(path, this.#options.basePath)
    response.setHeader('x-request-id', context.requestId)
    try {
      await this.#answer(endpoint, { request, response, search, context })
    } catch (error) {
      this.#fail(error, endpoint, response, context)
    }
  }

  async #answer(endpoint: Endpoint, arrival: Arrival): Promise<void> {
    const { method } = arrival.request
    const allowed = methodsOf(endpoint)
    if (allowed === undefined) throw new GatewayError('route_not_found')
    const forPeople = isPage(endpoint)
    if (method === 'OPTIONS' && !forPeople) return answerPreflight(arrival.response, allowed)
    if (!allowed.split(', ').includes(method ?? ''))
      throw new GatewayError('method_not_allowed', { headers: { allow: allowed } })
    const wait = this.#options.takeRequest[endpoint.kind]?.(arrival.context.clientAddress) ?? 0
    if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
    switch (endpoint.kind) {
      case 'metadata':
        return this.#answerMetadata(arrival.response)
      case 'register':
        return this.#register(arrival)
      case 'token':
      case 'revoke':
        return this.#forwardForm(endpoint.kind, arrival)
      case 'authorize':
        return this.#authorize(arrival)
      case 'callback':
        return this.#receiveCallback(arrival)
      case 'begin-sign-in':
        return this.#beginSignIn(arrival)
      case 'page':
      case 'sign-out':
        return this.#answerPage(endpoint, arrival)
      case 'resume':
        return this.#provide(arrival, { url: endpoint.path, body: Buffer.alloc(0) })
      default:
        return this.#forwardPlain('jwks', arrival)
    }
  }

  async #answerMetadata(response: ServerResponse): Promise<void> {
    const { publicUrl, basePath, virtualServers, host, clients } = this.#options
    const metadata = renderServerMetadata({
      publicUrl,
      basePath,
      virtualServers,
      cimdEnabled: host.settings().cimdEnabled,
      identityAssertions: (host.settings().idJag ?? []).length > 0,
      clientCredentials: await clients.offerClientCredentials(),
    })
    answerJson(response, 200, metadata, { 'cache-control': 'public, max-age=300' })
  }

  async #register(arrival: Arrival): Promise<void> {
    const input = parseJson(await readBody(arrival.request, bodyLimitBytes))
    const { redirectSchemes } = this.#options.host.settings()
    const sanitized = sanitizeClientMetadata(input, 'registration', redirectSchemes)
    if ('error' in sanitized) {
      const { error, description } = sanitized
      const { requestId } = arrival.context
      const reason = 'client_metadata_invalid'
      this.#options.host.events.record(
        'auth_token_rejected',
        requestId,
        { detail: description, httpStatus: 400 },
        reason,
      )
      answerOAuthError(arrival.response, { status: 400, error, description, reason }, requestId)
      return
    }
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    this.#forwardPlain('register', arrival, Buffer.from(JSON.stringify(sanitized.metadata)), headers)
  }

  async #forwardForm(name: string, arrival: Arrival): Promise<void> {
    const form = (await readBody(arrival.request, bodyLimitBytes)).toString('utf8')
    const body = name === 'token' ? sanitizeTokenForm(form, this.#options.virtualServers) : form
    this.#forwardPlain(name, arrival, Buffer.from(body), { accept: 'application/json' })
  }

  #authorize(arrival: Arrival): void {
    // All of it is stored until the sign-in ends or expires.
    if (arrival.search.length > searchLimitBytes)
      throw new GatewayError('grant_request_invalid', { status: 414, detail: 'the query is too long' })
    const search = sanitizeAuthorizeQuery(arrival.search, this.#options.virtualServers)
    this.#provide(arrival, { url: `${this.#options.basePath}/oauth/authorize${search}`, body: Buffer.alloc(0) })
  }

  async #beginSignIn(arrival: Arrival): Promise<void> {
    const { response, search } = arrival
    if (search.length > searchLimitBytes) throw new GatewayError('grant_request_invalid', { status: 414 })
    const request = this.#rewrite(arrival, { url: arrival.request.url ?? '/', body: Buffer.alloc(0) })
    await beginSignIn(new URLSearchParams(search), request, response, this.#options.host)
  }

  async #answerPage(endpoint: Extract<Endpoint, { kind: 'page' | 'sign-out' }>, arrival: Arrival): Promise<void> {
    const { request, response, context } = arrival
    const posted = request.method === 'POST'
    const form = posted ? await readForm(request, bodyLimitBytes) : undefined
    const rewritten = this.#rewrite(arrival, { url: request.url ?? '/', body: Buffer.alloc(0) })
    const visit = { request: rewritten, response, context, form }
    const { host } = this.#options
    const answer = await (endpoint.kind === 'page'
      ? answerInteraction(endpoint.page, endpoint.uid, visit, host)
      : answerSignOut(visit, host))
    if (answer) response.writeHead(answer.status, answer.page.headers).end(answer.page.body)
  }

  /**
   * Back from the identity provider. Only the page that the person was sent from sees the cookie of their browser, so the answer
   * is passed on to it; here nothing is used up yet.
   */
  async #receiveCallback({ response, search }: Arrival): Promise<void> {
    const { basePath, host } = this.#options
    const uid = await host.signInStates.findInteraction(new URLSearchParams(search).get('state') ?? '')
    if (uid === undefined) throw new GatewayError('grant_expired', { detail: 'the state is unknown or expired' })
    const location = `${basePath}/oauth/sign-in/${uid}${search}`
    response.writeHead(303, { location, 'referrer-policy': 'no-referrer', ...noStore }).end()
  }

  /** For endpoints that programs call: never cached, open to browser-based clients. */
  #forwardPlain(name: string, arrival: Arrival, body = Buffer.alloc(0), headers = {}): void {
    const open = name === 'jwks' ? corsHeaders : { ...corsHeaders, ...noStore }
    for (const [key, value] of Object.entries(open)) arrival.response.setHeader(key, value)
    this.#provide(arrival, { url: `${this.#options.basePath}/oauth/${name}`, body, headers })
  }

  #provide(arrival: Arrival, parts: RewrittenParts): void {
    this.#options.provide(this.#rewrite(arrival, parts), arrival.response)
  }

  #rewrite(arrival: Arrival, parts: RewrittenParts): IncomingMessage {
    const rewritten = rewriteRequest(arrival.request, parts, this.#options.publicUrl)
    setRequestContext(rewritten, arrival.context)
    return rewritten
  }

  #recordFailure(error: GatewayError, endpoint: Endpoint, context: RequestContext): void {
    const { requestId } = context
    if (error.reason === 'gateway_error')
      this.#options.log.error({ err: error.cause, requestId }, 'the authorization server failed')
    const type = endpoint.kind === 'unknown' ? 'mcp_request_rejected' : 'auth_token_rejected'
    const facts = { detail: error.details.detail ?? null, httpStatus: error.status }
    this.#options.host.events.record(type, requestId, facts, error.reason)
  }

  /** Programs receive JSON, people a page. */
  #fail(thrown: unknown, endpoint: Endpoint, response: ServerResponse, context: RequestContext): void {
    const error = asGatewayError(thrown)
    this.#recordFailure(error, endpoint, context)
    if (response.headersSent) {
      response.destroy()
      return
    }
    const headers = { ...error.details.headers, ...noStore }
    if (isForPeople(endpoint, context.original)) {
      const page = renderErrorPage({ reason: error.reason, requestId: context.requestId })
      response.writeHead(error.status, { ...page.headers, ...headers }).end(page.body)
      return
    }
    const shape = { status: error.status, error: oauthCode(error), description: error.message, reason: error.reason }
    answerOAuthError(response, shape, context.requestId, headers)
  }
}

/** Browsers come to these; what a program sends to the authorization endpoint by mistake is not a GET. */
function isForPeople(endpoint: Endpoint, request: IncomingMessage): boolean {
  if (endpoint.kind === 'authorize') return request.method === 'GET'
  return isPage(endpoint)
}

function isPage({ kind }: Endpoint): boolean {
  return kind === 'page' || kind === 'begin-sign-in' || kind === 'callback' || kind === 'sign-out'
}

function oauthCode(error: GatewayError): string {
  if (error.reason === 'limit_rate_exceeded') return 'temporarily_unavailable'
  if (error.reason === 'route_not_found') return 'not_found'
  return error.status >= 500 ? 'server_error' : 'invalid_request'
}

function parseJson(body: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
