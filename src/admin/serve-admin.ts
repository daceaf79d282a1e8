import type { IncomingMessage, ServerResponse } from 'node:http'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { createClientAddressReader } from '../http/client-address.ts'
import { randomId } from '../lib/random-id.ts'
import { renderErrorPage } from '../oauth/pages/error-page.ts'
import type { AdminAddress } from './admin-address.ts'
import type { AdminHost } from './admin-host.ts'
import { type ApiRequest, createApi } from './answer-call.ts'
import { createSignInSteps } from './answer-sign-in.ts'
import { checkAdminHost } from './check-site.ts'
import { createConsoleFiles } from './console-files.ts'
import { recordAdminEvent } from './record-admin-event.ts'
import { sendProblem } from './send-answer.ts'
import { createAdminSessions } from './sessions.ts'

const apiRoot = '/api/admin'
const signInRoot = `${apiRoot}/session/`

/** On every answer of the admin listener: no frame, no guessing, nothing told to others. */
const everywhere = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** What answers at the admin listener besides the probes. `ended`: the listener closes, and event streams with it. */
export function createAdminServer(
  host: AdminHost,
  address: AdminAddress,
  ended: AbortSignal,
): (request: IncomingMessage, response: ServerResponse) => void {
  const sessions = createAdminSessions(host.storage.oauth, host.clock, () => {
    const { sessionSeconds, sessionIdleSeconds } = host.project().settings.admin
    return { totalMs: sessionSeconds * 1000, idleMs: sessionIdleSeconds * 1000 }
  })
  const api = createApi(host, address, sessions, ended)
  const consoleFiles = createConsoleFiles()
  const steps = createSignInSteps(host, address, sessions)
  const headers = address.isSecure ? { ...everywhere, 'strict-transport-security': 'max-age=31536000' } : everywhere

  async function serve(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const refusal = checkAdminHost(request.headers, address)
    if (refusal) throw refusal
    const url = new URL(request.url ?? '/', 'http://admin')
    const { pathname } = url
    const step = pathname.startsWith(signInRoot) ? steps[pathname.slice(signInRoot.length)] : undefined
    if (step !== undefined) {
      checkMethod(request, ['GET'])
      const clientAddress = createClientAddressReader(host.project().settings.trustedProxies)(request)
      await step({ request, response, requestId, query: url.searchParams, clientAddress })
    } else if (pathname === apiRoot || pathname.startsWith(`${apiRoot}/`)) {
      response.setHeader('cache-control', 'no-store')
      const called: ApiRequest = {
        request,
        response,
        requestId,
        path: pathname.slice(apiRoot.length),
        query: url.searchParams,
      }
      await api.handle(called)
    } else if (consoleFiles.owns(pathname)) {
      if (isAtOtherName(request, address)) {
        const location = address.origin + pathname + url.search
        response.writeHead(302, { location, 'cache-control': 'no-store' }).end()
      } else consoleFiles.handle(request, response, pathname)
    } else throw new GatewayError('route_not_found')
  }

  return (request, response) => {
    const requestId = randomId()
    response.setHeader('x-request-id', requestId)
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    serve(request, response, requestId).catch((thrown: unknown) => refuse(thrown, request, response, requestId, host))
  }
}

/** Cookies and Origin are of one name: whoever comes under another one of this machine is sent there. */
function isAtOtherName({ headers }: IncomingMessage, { origin }: AdminAddress): boolean {
  return headers.host?.toLowerCase() !== new URL(origin).host
}

function checkMethod({ method = '' }: IncomingMessage, allowed: readonly string[]): void {
  if (!allowed.includes(method))
    throw new GatewayError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
}

/** A person sees a page, a program a problem document. Steps of a sign-in that fail, and hosts that are not ours, leave an event. */
function refuse(
  thrown: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  host: AdminHost,
): void {
  const error = asGatewayError(thrown)
  const isSignIn = request.url?.startsWith(signInRoot) === true
  if (error.reason === 'gateway_error') host.log.error({ err: error.details.cause, requestId }, 'the console failed')
  if (isSignIn) recordAdminEvent(host, 'admin_sign_in_failed', requestId, {}, error)
  else if (error.reason === 'host_not_allowed') recordAdminEvent(host, 'admin_refused', requestId, {}, error)
  if (!isSignIn || response.headersSent || request.headers.accept?.includes('text/html') !== true) {
    sendProblem(response, error, requestId)
    return
  }
  const links = [{ path: '/console/', label: 'Back to the console' }]
  const page = renderErrorPage({ reason: error.reason, description: error.message, requestId, links })
  response.writeHead(error.status, { ...error.details.headers, ...page.headers }).end(page.body)
}
