import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminAddress } from './admin-address.ts'
import type { AdminCall, AdminHost, Administrator, Change } from './admin-host.ts'
import type { Answer } from './answer.ts'
import { answers } from './answers/index.ts'
import { authorizeSession } from './authorize-administrator.ts'
import { checkCall } from './check-site.ts'
import { sessionCookie } from './cookies.ts'
import { includesRole } from './find-role.ts'
import { createMatcher, type MatchedOperation } from './match-operation.ts'
import { type OpenApiDocument, renderOpenApi } from './openapi.ts'
import type { OperationDeclaration, StreamedItem } from './operation.ts'
import { operations } from './operations/index.ts'
import { readInput } from './read-input.ts'
import { recordAdminEvent } from './record-admin-event.ts'
import { sendAnswer, sendEvents, sendProblem } from './send-answer.ts'
import type { AdminSession, AdminSessions } from './sessions.ts'

/** One request to the admin API. */
export interface ApiRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  /** Below /api/admin. */
  readonly path: string
  readonly query: URLSearchParams
}

/** Who asks, as the cookie says. */
interface Caller {
  readonly sessionId: string
  readonly session: AdminSession
  readonly administrator: Administrator
}

/** What answers calls of the admin API. `ended`: the listener closes, and event streams with it. */
export function createApi(host: AdminHost, address: AdminAddress, sessions: AdminSessions, ended: AbortSignal) {
  const match = createMatcher<OperationDeclaration>(operations)
  const cookie = sessionCookie(address)
  let document: OpenApiDocument | undefined

  async function identify(request: IncomingMessage, isVisit: boolean): Promise<Caller> {
    const sessionId = cookie.read(request)
    const session = sessionId === undefined ? undefined : await sessions.find(sessionId, isVisit)
    if (sessionId === undefined || session === undefined) throw new GatewayError('admin_sign_in_required')
    const role = await authorizeSession(session, host)
    if (role instanceof GatewayError) {
      await sessions.end(sessionId)
      throw role
    }
    const { subject, tenant, name } = session
    return { sessionId, session, administrator: { subject, tenant, name, role } }
  }

  async function answer(api: ApiRequest, onCaller: (caller: Caller) => void): Promise<void> {
    const { request, response, path, query } = api
    const method = request.method ?? 'GET'
    const refusal = checkCall(method, request.headers, address)
    if (refusal) throw refusal
    const caller = await identify(request, true)
    onCaller(caller)
    if (path === '/openapi.json' && method === 'GET') {
      document ??= renderOpenApi(operations, host.version)
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(document))
      return
    }
    const matched = match(method, path)
    const { role, needsIfMatch } = matched.operation
    if (!includesRole(caller.administrator.role, role))
      throw new GatewayError('admin_role_required', { data: { role }, detail: `${matched.operation.id} needs ${role}` })
    const ifMatch = request.headers['if-match']
    if (needsIfMatch && ifMatch === undefined) throw new GatewayError('admin_version_required')
    await run(matched, await readInput(matched, query, request), caller, ifMatch, api)
  }

  async function run(
    { operation }: MatchedOperation,
    input: unknown,
    caller: Caller,
    ifMatch: string | undefined,
    { request, response, requestId }: ApiRequest,
  ): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    // While the session was looked up.
    if (response.destroyed) gone.abort()
    const headers: { [name: string]: string } = {}
    const call: AdminCall = {
      host,
      administrator: caller.administrator,
      session: caller.session,
      requestId,
      ifMatch,
      lastEventId: readText(request.headers['last-event-id']),
      signal: AbortSignal.any([gone.signal, ended]),
      setVersion: (version) => void (headers['etag'] = version),
      endSession: async () => {
        await sessions.end(caller.sessionId)
        headers['set-cookie'] = cookie.clear()
      },
      recordChange: (change) => recordChange(change, operation.id, call),
    }
    const run = answers[operation.id as keyof typeof answers] as Answer<OperationDeclaration>
    const value = await run(input as Parameters<typeof run>[0], call)
    if (operation.isEventStream && operation.answer) {
      const isAllowed = async () => includesRole((await identify(request, false)).administrator.role, operation.role)
      await sendEvents(
        response,
        operation.answer,
        value as unknown as AsyncIterable<StreamedItem<unknown>>,
        call.signal,
        isAllowed,
      )
    } else sendAnswer(response, operation, value, headers)
  }

  return {
    /** Answers one request; never rejects. Every refusal leaves an event. */
    async handle(api: ApiRequest): Promise<void> {
      let caller: Caller | undefined
      try {
        await answer(api, (known) => {
          caller = known
        })
      } catch (thrown) {
        if (api.response.destroyed) return
        const error = sendProblem(api.response, thrown, api.requestId)
        if (error.reason === 'gateway_error')
          host.log.error(
            { err: error.details.cause ?? error, requestId: api.requestId },
            'a call of the admin API failed',
          )
        recordRefusal(error, api, caller, host)
      }
    },
  }
}

/** Not what a browser that nobody is signed in at asks first, nor mistakes: events are for what somebody should know of. */
const unremarkable: ReadonlySet<string> = new Set([
  'admin_sign_in_required',
  'admin_request_invalid',
  'admin_not_found',
  'admin_conflict',
  'admin_version_required',
  'admin_version_changed',
  'route_not_found',
  'method_not_allowed',
])

function recordRefusal(error: GatewayError, api: ApiRequest, caller: Caller | undefined, host: AdminHost): void {
  if (unremarkable.has(error.reason)) return
  const facts = caller && { subject: caller.administrator.subject, tenant: caller.administrator.tenant }
  const detail = `${api.request.method ?? ''} ${api.path}: ${error.details.detail ?? error.message}`.slice(0, 500)
  recordAdminEvent(host, 'admin_refused', api.requestId, { ...facts, detail }, error)
}

async function recordChange(change: Change, operation: string, call: AdminCall): Promise<void> {
  const { host, administrator, requestId } = call
  const { subject } = administrator
  const { target, before, after, tenant = administrator.tenant } = change
  recordAdminEvent(host, 'admin_changed', requestId, { subject, tenant, detail: `${operation} ${target}` })
  await host.audit?.recordChange({ actor: subject, tenant, operation, target, before, after, requestId })
}

function readText(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
