import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Mount } from '../../http/dispatch.ts'
import { limitRequests, type RequestLimits, type TakeRequest } from '../../http/limit-requests.ts'
import { readForm } from '../../http/read-form.ts'
import { randomId } from '../../lib/random-id.ts'
import { answerCallback } from './answer-callback.ts'
import { answerConnect } from './answer-connect.ts'
import { answerDisconnect } from './answer-disconnect.ts'
import { answerKey } from './answer-key.ts'
import { answerKeyApi, type KeyApiHost, keyApiMethods } from './answer-key-api.ts'
import { answerList } from './answer-list.ts'
import { type PageAnswer, PageRefusal, type PageVisit, type PersonalVisit } from './connect-host.ts'
import {
  type ConnectionsEndpoint,
  findConnectionsEndpoint,
  listPath,
  type PersonalEndpoint,
  readConnectRequest,
  upstreamPath,
} from './connection-paths.ts'
import { type PageArrival, refusePage, sendPage } from './send-page.ts'

/** What the pages need besides what they work with. */
export interface ConnectionPagesOptions extends KeyApiHost {
  /** Address of the client, as limits count it. */
  clientAddressOf(request: IncomingMessage): string
  readonly requestLimits?: Partial<Record<'page' | 'form', RequestLimits>> | undefined
}

/** Pages are cheap to show, and are limited by address. Forms reach the upstream in our name: they are limited by person. */
const defaultLimits: Readonly<Record<'page' | 'form', RequestLimits>> = {
  page: { perAddress: 3_000, total: 30_000, windowSeconds: 600 },
  form: { perAddress: 100, total: 10_000, windowSeconds: 600 },
}

const formLimitBytes = 32 * 1024
const searchLimitBytes = 8 * 1024
const answers = { connect: answerConnect, disconnect: answerDisconnect, key: answerKey } as const

/** Answers `{basePath}/auth/connections` and everything below it: what a person sees of their connections. */
export function createConnectionPages(options: ConnectionPagesOptions): Mount {
  const { basePath, clock } = options
  const limits = { ...defaultLimits, ...options.requestLimits }
  const takePage = limitRequests(limits.page, clock)
  const takeForm = limitRequests(limits.form, clock)
  const root = listPath(basePath)

  async function answer(arrival: PageArrival, endpoint: ConnectionsEndpoint): Promise<PageAnswer> {
    const { request } = arrival
    if (endpoint.kind === 'unknown') throw new GatewayError('route_not_found')
    if (endpoint.kind === 'key' && keyApiMethods.has(request.method ?? '')) {
      take(takePage, options.clientAddressOf(request))
      return answerKeyApi(endpoint.upstream, arrival, options)
    }
    checkMethod(request, endpoint.kind === 'list' || endpoint.kind === 'callback' ? ['GET'] : ['GET', 'POST'])
    take(takePage, options.clientAddressOf(request))
    const visit = await readVisit(arrival)
    return endpoint.kind === 'callback' ? answerCallback(visit, options) : answerPerson(visit, endpoint, arrival)
  }

  async function answerPerson(visit: PageVisit, endpoint: PersonalEndpoint, arrival: PageArrival): Promise<PageAnswer> {
    const { request, response, query, form } = visit
    const person = await options.signIn.find(request, response)
    const switchPerson = form === undefined && query.has('switch')
    if (person === undefined || switchPerson) {
      const returnPath = pathOf(endpoint, form ?? query, basePath)
      // Browsers hold what follows a form to `form-action`, and a sign-in may lead to an identity provider.
      if (form) throw signedOut(returnPath)
      return options.signIn.begin(request, response, { returnPath, switchPerson }).then(() => undefined)
    }
    arrival.person = person
    if (form) take(takeForm, person.subject)
    const personal: PersonalVisit = { ...visit, person }
    if (endpoint.kind === 'list') return answerList(personal, options)
    arrival.upstream = options.upstreams.find(endpoint.upstream)
    return answers[endpoint.kind](endpoint.upstream, personal, options)
  }

  return {
    owns: (path) => path === root || path.startsWith(`${root}/`),
    handle(request, response, path) {
      const arrival: PageArrival = { request, response, requestId: randomId(), person: undefined, upstream: undefined }
      response.setHeader('x-request-id', arrival.requestId)
      answer(arrival, findConnectionsEndpoint(path, basePath))
        .then((answered) => sendPage(response, answered))
        .catch((thrown: unknown) => refusePage(thrown, arrival, options))
    },
  }
}

async function readVisit({ request, response, requestId }: PageArrival): Promise<PageVisit> {
  const url = request.url ?? '/'
  const queryStart = url.indexOf('?')
  const search = queryStart < 0 ? '' : url.slice(queryStart)
  if (search.length > searchLimitBytes) throw new GatewayError('grant_request_invalid', { status: 414 })
  const form = request.method === 'POST' ? await readForm(request, formLimitBytes) : undefined
  return { request, response, requestId, query: new URLSearchParams(search), form }
}

function checkMethod({ method = '' }: IncomingMessage, allowed: readonly string[]): void {
  if (!allowed.includes(method))
    throw new GatewayError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
}

function take(count: TakeRequest, caller: string): void {
  const wait = count(caller)
  if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
}

/** The same page again, from what was understood of the request. */
function pathOf(endpoint: PersonalEndpoint, fields: URLSearchParams, basePath: string): string {
  if (endpoint.kind === 'list') return listPath(basePath)
  return upstreamPath(basePath, endpoint.upstream, endpoint.kind, readConnectRequest(fields, basePath))
}

function signedOut(path: string): PageRefusal {
  const refusal = new GatewayError('grant_expired', { status: 403, detail: 'nobody is signed in' })
  return new PageRefusal(refusal, [{ path, label: 'Sign in again' }])
}
