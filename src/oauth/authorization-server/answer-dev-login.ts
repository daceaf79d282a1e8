import { GatewayError } from '../../errors/gateway-error.ts'
import { allowsDevLogin, readDevLoginName } from '../../identity/dev-login.ts'
import { renderSignInPage } from '../pages/sign-in-page.ts'
import type { InteractionHost, Visit, VisitAnswer } from './interaction.ts'
import { leaveOtherSession } from './leave-other-session.ts'

/** The development sign-in: a page to type a name on, and its form. */
export async function answerDevLogin(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  if (!host.settings().devLogin) throw new GatewayError('route_not_found', { detail: 'dev login is off' })
  if (!allowsDevLogin(visit.context.original, host.publicUrl))
    throw new GatewayError('host_not_allowed', { detail: 'dev login is for loopback only' })
  if (!visit.form) return { page: renderSignInPage(describePage(visit)), status: 200 }
  const typed = visit.form.get('name') ?? ''
  const subject = readDevLoginName(typed)
  if (subject === undefined) {
    const message = 'Up to 64 letters, digits and . _ @ + - please, beginning with a letter or digit.'
    const rejected = { name: typed.slice(0, 64), message }
    return { page: renderSignInPage({ ...describePage(visit), rejected }), status: 422 }
  }
  await leaveOtherSession(visit, subject, host)
  host.events.record('auth_signed_in', visit.context.requestId, { ...visit.facts, subject })
  await host.provider.interactionFinished(
    visit.request,
    visit.response,
    { login: { accountId: subject, amr: ['dev'] } },
    { mergeWithLastSubmission: false },
  )
  return undefined
}

function describePage(visit: Visit) {
  const { clientName, formToken, formTargets, server } = visit
  return { clientName, virtualServerTitle: server.title, formToken, formTargets }
}
