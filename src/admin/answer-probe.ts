import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminAddress } from './admin-address.ts'
import type { AdminHost } from './admin-host.ts'

const probes: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** True for what answers without a sign-in. */
export function isProbe({ url = '' }: IncomingMessage): boolean {
  return probes.has(pathOf(url))
}

/**
 * `/healthz`: the process answers. `/readyz`: it can serve; 503 with the reason when it cannot, or is about to stop. `/metrics`: for Prometheus.
 * Browsers of other sites get nothing.
 */
export function answerProbe(
  request: IncomingMessage,
  response: ServerResponse,
  address: AdminAddress,
  host: AdminHost,
): void {
  const { host: name = '', 'sec-fetch-site': site } = request.headers
  const isForeign = !(address.probesUnderAnyName || address.answersTo(name)) || site === 'cross-site'
  if (isForeign) return send(response, 403, { status: 'not for this host' })
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, { status: 'method not allowed' })
  const path = pathOf(request.url ?? '')
  if (path === '/healthz') return send(response, 200, { status: 'ok' })
  if (path === '/readyz') {
    const checks = checkReadiness(host)
    const isReady = Object.values(checks).every((state) => state === 'ok')
    return send(response, isReady ? 200 : 503, {
      status: isReady ? 'ready' : 'not ready',
      checks,
      sinks: showSinks(host),
    })
  }
  sendMetrics(response, host)
}

function checkReadiness(host: AdminHost): { readonly [check: string]: string } {
  const failed = host.failedReload()
  return {
    process: host.isStopping() ? 'stopping' : 'ok',
    store: checkStore(host),
    // A change with problems was not taken over; what ran before goes on, so the gateway is ready.
    project: host.project().routes.length > 0 || failed === undefined ? 'ok' : 'empty',
  }
}

/** A receiver that is away does not keep the gateway from serving. Who may see this may not see what it answered. */
function showSinks({ sinkStates }: AdminHost): { readonly [sink: string]: object } {
  const shown = sinkStates().map(({ name, waiting, dropped, trouble }) => {
    const state = trouble ? { state: 'failing', since: new Date(trouble.sinceMs).toISOString() } : { state: 'ok' }
    return [name, { ...state, waiting, dropped }] as const
  })
  return Object.fromEntries(shown)
}

function checkStore({ storage }: AdminHost): string {
  try {
    storage.revocations.version()
    return 'ok'
  } catch {
    return 'does not answer'
  }
}

function sendMetrics(response: ServerResponse, { renderMetrics }: AdminHost): void {
  if (renderMetrics === undefined) return send(response, 404, { status: 'metrics are not kept' })
  const { contentType, body } = renderMetrics()
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}

function send(response: ServerResponse, status: number, body: object): void {
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`)
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
