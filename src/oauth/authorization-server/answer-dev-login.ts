import { GatewayError } from '../../errors/gateway-error.ts'
import { allowsDevLogin, readDevLoginName } from '../../identity/dev-login.ts'
import { renderSignInPage } from '../pages/sign-in-page.ts'
import { finishSignIn } from './finish-sign-in.ts'
import type { InteractionHost, SignInVisit, VisitAnswer } from './interaction.ts'

/** The development sign-in: a page to type a name on, and its form. */
export async function answerDevLogin(visit: SignInVisit, host: InteractionHost): Promise<VisitAnswer> {
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
  await finishSignIn(visit, { accountId: subject, amr: ['dev'] }, host)
  return undefined
}

function describePage({ asking, formToken, formTargets }: SignInVisit) {
  const wanted = asking && { clientName: asking.clientName, virtualServerTitle: asking.server.title }
  return { asking: wanted, formToken, formTargets }
}
