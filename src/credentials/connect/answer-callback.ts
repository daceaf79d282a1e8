import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { equalSecrets } from '../../lib/hash.ts'
import { sharedOwner } from '../connections.ts'
import { isShared, usesKey } from './admit-connect.ts'
import { noticePath } from './answer-list.ts'
import { type ConnectHost, type PageAnswer, PageRefusal, type PageVisit } from './connect-host.ts'
import { upstreamPath } from './connection-paths.ts'
import type { PendingConnect } from './pending-connects.ts'
import { recordConnectEvent } from './record-connect-events.ts'
import { requireUpstream } from './require-upstream.ts'
import { mayActIn } from './tenants.ts'

/**
 * Back from an upstream. The answer counts once, in the browser that set out, and only while the person who set out is signed in there:
 * else somebody could make another person use their account, or take over another person's.
 */
export async function answerCallback(visit: PageVisit, host: ConnectHost): Promise<PageAnswer> {
  const state = visit.query.get('state') ?? ''
  const pending = await host.pending.find(state)
  if (pending === undefined) throw invalid('the state is unknown, too old, or was used')
  await checkReturn(pending, visit, host)
  const upstream = requireUpstream(pending.upstream, host)
  if (usesKey(upstream) || isShared(upstream) !== (pending.owner === sharedOwner))
    throw invalid('the mode of the upstream changed meanwhile')
  if (!(await host.pending.consume(state))) throw invalid('the state was used')
  try {
    await connect(upstream, pending, visit, host)
  } catch (thrown) {
    throw fail(thrown, upstream, pending, visit, host)
  }
  return { redirect: destinationOf(pending, host) }
}

async function checkReturn(pending: PendingConnect<unknown>, visit: PageVisit, host: ConnectHost): Promise<void> {
  const browserHash = host.cookie.readHash(visit.request)
  if (browserHash === undefined || !equalSecrets(browserHash, pending.browserHash))
    throw invalid('it was begun in another browser')
  const person = await host.signIn.find(visit.request, visit.response)
  if (person?.subject !== pending.subject) throw invalid('somebody else is signed in, or nobody')
  if (!mayActIn(pending.tenant, person, pending.upstream, host.upstreams))
    throw invalid('the person is of another tenant now')
}

/** The whole connection in one write: before it there is none, and after it there is all of it. */
async function connect(
  upstream: UpstreamSettings,
  pending: PendingConnect<unknown>,
  visit: PageVisit,
  host: ConnectHost,
): Promise<void> {
  const { tenant, owner, subject, virtualServer } = pending
  const credential = await host.authorization.finish(upstream, tenant, visit.query, pending.authorization)
  await host.connections.put({ tenant, upstream: upstream.id, owner }, credential, subject)
  const facts = { subject, tenant, virtualServer: virtualServer ?? null }
  recordConnectEvent(host, 'auth_upstream_connected', visit.requestId, upstream, facts)
}

function fail(
  thrown: unknown,
  upstream: UpstreamSettings,
  pending: PendingConnect<unknown>,
  visit: PageVisit,
  host: ConnectHost,
): PageRefusal {
  const refusal = asGatewayError(thrown)
  const { subject, tenant, virtualServer, returnPath, local } = pending
  const facts = { subject, tenant, virtualServer: virtualServer ?? null }
  if (refusal.reason === 'gateway_error')
    host.log.error({ err: refusal.cause, requestId: visit.requestId }, 'connecting an upstream failed')
  recordConnectEvent(host, 'auth_upstream_failed', visit.requestId, upstream, facts, refusal)
  const path = upstreamPath(host.basePath, upstream.id, 'connect', { tenant, returnPath, local })
  return new PageRefusal(refusal, isShared(upstream) ? [] : [{ path, label: 'Try again' }], true)
}

function destinationOf({ returnPath, local, upstream }: PendingConnect<unknown>, { basePath }: ConnectHost): string {
  if (local !== undefined) return `http://127.0.0.1:${local.port}/connected?nonce=${local.nonce}`
  return returnPath ?? noticePath(basePath, upstream, 'connected')
}

function invalid(detail: string): GatewayError {
  return new GatewayError('connection_link_invalid', { detail })
}
