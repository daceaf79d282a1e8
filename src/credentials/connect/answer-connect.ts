import { randomToken } from '../../lib/random-id.ts'
import { renderConnectPage, renderLeavingPage } from '../../oauth/pages/connect-page.ts'
import { admitConnect, type ConnectLeave, consumeTicket, usesKey } from './admit-connect.ts'
import { checkForm } from './check-form.ts'
import type { ConnectHost, PageAnswer, PersonalVisit } from './connect-host.ts'
import { type ConnectRequest, readConnectRequest, upstreamPath } from './connection-paths.ts'
import { describeUpstreamPage } from './describe-upstream-page.ts'
import { recordConnectEvent } from './record-connect-events.ts'
import { requireUpstream } from './require-upstream.ts'

/** The page before a sign-in at an upstream, and its form, which begins it. */
export async function answerConnect(upstreamId: string, visit: PersonalVisit, host: ConnectHost): Promise<PageAnswer> {
  const upstream = requireUpstream(upstreamId, host)
  const asked = readConnectRequest(visit.form ?? visit.query, host.basePath)
  if (usesKey(upstream)) return { redirect: upstreamPath(host.basePath, upstream.id, 'key', asked) }
  const leave = await admitConnect(upstream, asked, visit.person, 'connect', host)
  const purpose = `connect ${upstream.id}`
  if (!visit.form) {
    const page = describeUpstreamPage('connect', purpose, leave, asked, visit, host)
    const furtherScopes = leave.ticket?.scopes ?? []
    return { page: renderConnectPage({ ...page, localPort: asked.local?.port, furtherScopes }), status: 200 }
  }
  checkForm(visit.form, purpose, visit, host)
  return setOut(leave, asked, visit, host)
}

/** Nothing is used up before the upstream said where to go; from then on there is no second use. */
async function setOut(
  leave: ConnectLeave,
  asked: ConnectRequest,
  visit: PersonalVisit,
  host: ConnectHost,
): Promise<PageAnswer> {
  const { upstream, tenant, owner, ticket } = leave
  const { subject } = visit.person
  // A program on the person's computer knows its own answer by the nonce.
  const state = asked.local === undefined ? randomToken() : `${randomToken()}.${asked.local.nonce}`
  const redirectUri = redirectUriOf(asked, host)
  const scopes = ticket?.scopes ?? []
  const { url, pending } = await host.authorization.begin({ tenant, upstream, redirectUri, state, scopes })
  await consumeTicket(leave, host)
  const cookie = host.cookie.issue(visit.request)
  const virtualServer = ticket?.virtualServer
  await host.pending.put(state, {
    upstream: upstream.id,
    tenant,
    owner,
    subject,
    virtualServer,
    browserHash: cookie.hash,
    returnPath: asked.returnPath,
    local: asked.local,
    authorization: pending,
  })
  const facts = { subject, tenant, virtualServer: virtualServer ?? null }
  recordConnectEvent(host, 'auth_upstream_connect_started', visit.requestId, upstream, facts)
  visit.response.appendHeader('set-cookie', cookie.header)
  return { page: renderLeavingPage(upstream.displayName, url), status: 200 }
}

/** One callback for all upstreams, or the program on the person's computer, which passes everything on to it. */
function redirectUriOf({ local }: ConnectRequest, { publicUrl, basePath }: ConnectHost): string {
  return local === undefined ? callbackUrl({ publicUrl, basePath }) : `http://127.0.0.1:${local.port}/callback`
}

/** Where upstreams send people back to. */
export function callbackUrl({ publicUrl, basePath }: Pick<ConnectHost, 'publicUrl' | 'basePath'>): string {
  return `${publicUrl}${basePath}/auth/connections/callback`
}
