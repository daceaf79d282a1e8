import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { renderReturningPage } from '../../oauth/pages/connect-page.ts'
import { renderUpstreamKeyPage } from '../../oauth/pages/upstream-key-page.ts'
import { admitConnect, type ConnectLeave, consumeTicket, usesKey } from './admit-connect.ts'
import { noticePath } from './answer-list.ts'
import { checkForm } from './check-form.ts'
import type { ConnectHost, PageAnswer, PersonalVisit } from './connect-host.ts'
import { type ConnectRequest, readConnectRequest } from './connection-paths.ts'
import { describeUpstreamPage } from './describe-upstream-page.ts'
import { recordConnectEvent } from './record-connect-events.ts'
import { requireUpstream } from './require-upstream.ts'
import { storeKey } from './store-key.ts'

/** The page where a person stores a key for an upstream, and its form. */
export async function answerKey(upstreamId: string, visit: PersonalVisit, host: ConnectHost): Promise<PageAnswer> {
  const upstream = requireUpstream(upstreamId, host)
  if (!usesKey(upstream)) throw new GatewayError('route_not_found')
  const asked = readConnectRequest(visit.form ?? visit.query, host.basePath)
  const leave = await admitConnect(upstream, asked, visit.person, 'key', host)
  if (!visit.form) return { page: await renderForm(leave, asked, visit, host, undefined), status: 200 }
  checkForm(visit.form, purposeOf(upstream), visit, host)
  return takeKey(visit.form.get('key') ?? '', leave, asked, visit, host)
}

async function takeKey(
  text: string,
  leave: ConnectLeave,
  asked: ConnectRequest,
  visit: PersonalVisit,
  host: ConnectHost,
): Promise<PageAnswer> {
  const { upstream, tenant, owner, ticket } = leave
  const { subject } = visit.person
  const facts = { subject, tenant, virtualServer: ticket?.virtualServer ?? null }
  const stored = await storeKey({ upstream, key: { tenant, upstream: upstream.id, owner }, text, subject }, host, () =>
    consumeTicket(leave, host),
  )
  if (stored instanceof GatewayError) {
    recordConnectEvent(host, 'auth_upstream_failed', visit.requestId, upstream, facts, stored)
    return { page: await renderForm(leave, asked, visit, host, stored), status: stored.status }
  }
  const detail = stored === 'accepted' ? null : 'the key could not be tried'
  recordConnectEvent(host, 'auth_upstream_connected', visit.requestId, upstream, { ...facts, detail })
  const notice = stored === 'accepted' ? 'connected' : 'untried'
  if (asked.returnPath !== undefined)
    return { page: renderReturningPage(upstream.displayName, asked.returnPath), status: 200 }
  return { redirect: noticePath(host.basePath, upstream.id, notice) }
}

async function renderForm(
  leave: ConnectLeave,
  asked: ConnectRequest,
  visit: PersonalVisit,
  host: ConnectHost,
  refusal: GatewayError | undefined,
) {
  const { upstream, tenant, owner } = leave
  const [record] = await host.connections.list({ tenant, upstream: upstream.id, owner, limit: 1 })
  const { message, reason } = refusal ?? {}
  return renderUpstreamKeyPage({
    ...describeUpstreamPage('key', purposeOf(upstream), leave, asked, visit, host),
    helpUrl: upstream.apiKey?.helpUrl,
    replaces: record !== undefined,
    problem:
      message === undefined || reason === undefined ? undefined : { message, reason, requestId: visit.requestId },
  })
}

function purposeOf({ id }: UpstreamSettings): string {
  return `key ${id}`
}
