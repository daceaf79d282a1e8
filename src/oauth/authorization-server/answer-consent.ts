import { GatewayError } from '../../errors/gateway-error.ts'
import { renderConsentPage } from '../pages/consent-page.ts'
import { hostOf, type InteractionHost, type Visit, type VisitAnswer } from './interaction.ts'
import { describeRedirect, isLocalRedirect } from './redirect-uris.ts'
import { defaultScope } from './sanitize-authorize-request.ts'

/** The consent page and its form. It is asked at every authorization: nothing is approved silently (confused deputy). */
export async function answerConsent(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  const subject = visit.interaction.session?.accountId
  if (subject === undefined) throw new GatewayError('grant_expired', { detail: 'nobody is signed in' })
  if (!visit.form) return { page: renderConsentPage(describePage(visit, subject)), status: 200 }
  switch (visit.form.get('decision')) {
    case 'allow':
      return allow(visit, subject, host)
    case 'refuse':
      return refuse(visit, host)
    case 'switch':
      return switchSubject(visit, host)
    default:
      throw new GatewayError('grant_request_invalid', { detail: 'the form carries no decision' })
  }
}

function describePage(visit: Visit, subject: string) {
  const { clientName, formToken, formTargets, redirectUri, server } = visit
  return {
    subject,
    clientName,
    clientHost: hostOf(visit.facts.clientId ?? ''),
    redirectTarget: describeRedirect(redirectUri),
    localRedirect: isLocalRedirect(redirectUri),
    virtualServerTitle: server.title,
    virtualServerUrl: server.resource,
    upstream: server.upstream,
    formToken,
    formTargets,
  }
}

/** One grant per sign-in and virtual server: revoking it ends exactly what this consent began. */
async function allow(visit: Visit, subject: string, host: InteractionHost): Promise<VisitAnswer> {
  const { interaction, server } = visit
  const grant = new host.provider.Grant({ accountId: subject, clientId: String(interaction.params['client_id']) })
  const { scope } = interaction.params
  grant.addResourceScope(server.resource, typeof scope === 'string' ? scope : defaultScope)
  const grantId = await grant.save()
  host.events.record('auth_consent_given', visit.context.requestId, visit.facts)
  await host.provider.interactionFinished(
    visit.request,
    visit.response,
    { consent: { grantId } },
    { mergeWithLastSubmission: true },
  )
  return undefined
}

async function refuse(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  host.events.record('auth_consent_refused', visit.context.requestId, visit.facts, 'grant_refused')
  const result = { error: 'access_denied', error_description: 'The person refused.' }
  await host.provider.interactionFinished(visit.request, visit.response, result, { mergeWithLastSubmission: false })
  return undefined
}

/** Signs out of the browser session and begins the same authorization again. */
async function switchSubject(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  const session = await host.provider.Session.get(host.provider.createContext(visit.request, visit.response))
  await session.destroy()
  await visit.interaction.destroy()
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(visit.interaction.params)) {
    if (typeof value === 'string') query.append(name, value)
  }
  const authorize = host.provider.urlFor('authorization')
  visit.response.writeHead(303, { location: `${authorize}?${query.toString()}`, 'cache-control': 'no-store' }).end()
  return undefined
}
