import { GatewayError } from '../../errors/gateway-error.ts'
import { renderSignOutPage } from '../pages/sign-out-page.ts'
import { renderSignedOutPage } from '../pages/signed-out-page.ts'
import { describePerson } from './answer-consent.ts'
import { checkForm } from './answer-interaction.ts'
import { describeSessionCookie } from './configure-provider.ts'
import type { InteractionHost, Visit, VisitAnswer } from './interaction.ts'

/**
 * Ends the browser session: a page that asks, and its form. The form token belongs to this very session, so no other site can
 * sign a person out, and a page of an earlier session does not end the present one. Grants live on.
 */
export async function answerSignOut(
  visit: Pick<Visit, 'request' | 'response' | 'context' | 'form'>,
  host: InteractionHost,
): Promise<VisitAnswer> {
  const { provider, people, events, formTokens } = host
  const context = provider.createContext(visit.request, visit.response)
  const session = await provider.Session.get(context)
  const { accountId: subject } = session
  if (subject === undefined) return { page: renderSignedOutPage(undefined), status: 200 }
  const purpose = `sign-out ${session.uid}`
  if (!visit.form) {
    const name = describePerson(await people.find(subject)) ?? subject
    return { page: renderSignOutPage({ subject: name, formToken: formTokens.create(purpose) }), status: 200 }
  }
  checkForm(visit.form, visit.context.original, purpose, host)
  await session.destroy()
  const cookie = describeSessionCookie(host.publicUrl)
  context.cookies.set(cookie.name, null, cookie.options)
  events.record('auth_signed_out', visit.context.requestId, { subject })
  return { page: renderSignedOutPage(await findSignOutUrl(host)), status: 200 }
}

/** The session at the gateway is over already: that the provider cannot be asked must not look like a failure. */
async function findSignOutUrl(host: InteractionHost): Promise<URL | undefined> {
  try {
    return await host.identityProvider()?.findSignOutUrl()
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}
