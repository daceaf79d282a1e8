import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import { limitRequests, type TakeRequest } from '../http/limit-requests.ts'
import { equalSecrets, sha256 } from '../lib/hash.ts'
import { randomToken } from '../lib/random-id.ts'
import { defaultTenant } from '../lib/tenant.ts'
import type { AdminAddress } from './admin-address.ts'
import type { AdminHost } from './admin-host.ts'
import { authorizePerson } from './authorize-administrator.ts'
import { checkNavigation } from './check-site.ts'
import { sessionCookie, stateCookie } from './cookies.ts'
import { recordAdminEvent } from './record-admin-event.ts'
import type { AdminSession, AdminSessions } from './sessions.ts'
import { signInPath } from './sign-in-path.ts'
import { redeemTicket } from './tickets.ts'

/** One step of a sign-in: a navigation to the admin listener. */
export interface SignInVisit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly query: URLSearchParams
  readonly clientAddress: string
}

/** The steps of a sign-in, by the last part of their path. Each answers with a redirect, or throws a `GatewayError`. */
export interface SignInSteps {
  readonly [step: string]: ((visit: SignInVisit) => Promise<void> | void) | undefined
}

const limits = { perAddress: 60, total: 600, windowSeconds: 600 }
const home = '/console/'

/** `/api/admin/session/…`: begins a sign-in, ends it, or takes a one-time link. */
export function createSignInSteps(host: AdminHost, address: AdminAddress, sessions: AdminSessions): SignInSteps {
  const take = limitRequests(limits, host.clock)
  const session = sessionCookie(address)
  const state = stateCookie(address)
  const admit = (visit: SignInVisit, fromOurselves: boolean) => {
    const refusal = checkNavigation(visit.request.headers, fromOurselves)
    if (refusal) throw refusal
    count(take, visit.clientAddress)
  }
  /** Always under a new id: one that somebody planted before the sign-in is worth nothing after it. */
  const enter = async (
    visit: SignInVisit,
    person: Pick<AdminSession, 'subject' | 'tenant' | 'name' | 'signedInBy'>,
  ) => {
    const former = session.read(visit.request)
    if (former !== undefined) await sessions.end(former)
    const cookies = [session.set(await sessions.begin(person)), state.clear()]
    const { subject, tenant, signedInBy } = person
    recordAdminEvent(host, 'admin_signed_in', visit.requestId, { subject, tenant, detail: `by ${signedInBy}` })
    redirect(visit.response, readNext(visit.query), cookies)
  }
  return {
    'sign-in': (visit) => {
      admit(visit, true)
      const { publicUrl, settings, signIn } = host.project()
      if (signIn === undefined)
        throw new GatewayError('admin_not_allowed', {
          message: 'Nobody signs in to this project: use the one-time link of `sallyport console`.',
        })
      const secret = randomToken()
      const next = new URLSearchParams({ challenge: sha256(secret), next: readNext(visit.query) })
      redirect(visit.response, `${publicUrl}${signInPath(settings.basePath)}?${next.toString()}`, [state.set(secret)])
    },
    finish: async (visit) => {
      admit(visit, false)
      const ticket = await redeemTicket('code', visit.query.get('code') ?? '', host.storage.oauth, host.clock)
      const secret = state.read(visit.request)
      if (ticket === undefined)
        throw new GatewayError('admin_link_invalid', { detail: 'the code is not valid any more' })
      if (secret === undefined || !equalSecrets(sha256(secret), ticket.challenge))
        throw new GatewayError('admin_link_invalid', { detail: 'the sign-in was begun in another browser' })
      // The lists may have changed while the person was on the way.
      const role = await authorizePerson(ticket.subject, host)
      if (role instanceof GatewayError) throw role
      const { subject, tenant, name } = ticket
      await enter(visit, { subject, tenant, name, signedInBy: 'identity-provider' })
    },
    link: async (visit) => {
      admit(visit, false)
      const ticket = await redeemTicket('link', visit.query.get('token') ?? '', host.storage.oauth, host.clock)
      if (ticket === undefined) throw new GatewayError('admin_link_invalid', { detail: 'a one-time link' })
      const { subject } = ticket
      const name = subject.replace(/^operator:/, '')
      await enter(visit, { subject, tenant: defaultTenant, name, signedInBy: 'local-link' })
    },
  }
}

/** A page of the console, and nothing else, is where a sign-in leads. */
export function readNext(query: URLSearchParams): string {
  const next = query.get('next') ?? home
  const url = next.startsWith(home) && next.length <= 2048 ? URL.parse(next, 'http://console') : null
  return url !== null && url.origin === 'http://console' && url.pathname.startsWith(home)
    ? url.pathname + url.search
    : home
}

function count(take: TakeRequest, address: string): void {
  const wait = take(address)
  if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
}

function redirect(response: ServerResponse, location: string, cookies: readonly string[]): void {
  const headers = {
    location,
    'set-cookie': [...cookies],
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  response.writeHead(303, headers).end()
}
