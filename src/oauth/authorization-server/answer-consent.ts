import type { Person } from '../../contracts/identity-provider.ts'
import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { defaultScope } from '../default-scope.ts'
import { renderConsentPage } from '../pages/consent-page.ts'
import { renderSwitchingPage } from '../pages/signed-out-page.ts'
import { hostOf, type InteractionHost, type Visit, type VisitAnswer } from './interaction.ts'
import { describeRedirect, isLocalRedirect } from './redirect-uris.ts'
import type { ConsentFacts } from './remembered-consents.ts'
import { selectTenant } from './select-tenant.ts'
import { saveGrant } from './tenant-models.ts'

/** The consent page and its form. Only what this person allowed in just this form before is not asked again (confused deputy). */
export async function answerConsent(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  const subject = visit.interaction.session?.accountId
  if (subject === undefined) throw new GatewayError('grant_expired', { detail: 'nobody is signed in' })
  if (!visit.form) {
    const upstreamLinks = await listUpstreamLinks(visit, subject, host)
    // Nothing to decide, nothing left to do.
    const remembered = upstreamLinks.some(isLeftToConnect) ? undefined : await findRemembered(visit, subject, host)
    if (remembered !== undefined) return finish(visit, remembered, host)
    const name = describePerson(await host.people.find(subject)) ?? subject
    return { page: renderConsentPage({ ...describePage(visit, name), upstreamLinks }), status: 200 }
  }
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

/** How the upstreams behind the virtual server are connected. The pages that connect lead back here, to the decision. */
async function listUpstreamLinks(
  visit: Visit,
  subject: string,
  host: InteractionHost,
): Promise<readonly UpstreamLink[]> {
  const { asking, claimedTenant, interaction } = visit
  const person = { subject, tenant: selectTenant(asking, claimedTenant) }
  const returnPath = `${host.basePath}/oauth/consent/${interaction.uid}`
  return (await host.upstreamLinks?.list(asking.server.name, person, returnPath)) ?? []
}

/** True when this person can do something about it. */
function isLeftToConnect({ state, connectPath }: UpstreamLink): boolean {
  return state !== 'connected' && connectPath !== undefined
}

function describePage(visit: Visit, subject: string) {
  const { formToken, formTargets } = visit
  const { clientName, redirectUri, server } = visit.asking
  return {
    subject,
    clientName,
    clientHost: hostOf(visit.facts.clientId ?? ''),
    redirectTarget: describeRedirect(redirectUri),
    localRedirect: isLocalRedirect(redirectUri),
    virtualServerTitle: server.title,
    virtualServerUrl: server.resource,
    upstream: server.upstream,
    ...describeScopes(visit),
    formToken,
    formTargets,
  }
}

/** What is asked for beyond what every client receives. */
function describeScopes({ interaction, asking: { server } }: Visit) {
  const { scope } = interaction.params
  const asked = typeof scope === 'string' ? scope.split(' ') : []
  const extra = asked.filter((each) => server.scopes.includes(each) && !server.baseScopes.includes(each))
  const tools = Object.entries(server.toolScopes ?? {})
  const withheldTools = tools.some(([, needed]) => needed.some((each) => !asked.includes(each)))
  const toolsOf = (wanted: string) => tools.flatMap(([tool, needed]) => (needed.includes(wanted) ? [tool] : []))
  return { extraScopes: extra.map((each) => ({ scope: each, tools: toolsOf(each) })), withheldTools }
}

/** Two people may have the same name; nobody has the same address. */
export function describePerson(person: Person | undefined): string | undefined {
  const { displayName, email } = person ?? {}
  if (displayName === undefined || email === undefined || displayName === email) return displayName ?? email
  return `${displayName} (${email})`
}

/** One grant per consent: revoking it ends exactly what this consent began. */
async function allow(visit: Visit, subject: string, host: InteractionHost): Promise<VisitAnswer> {
  const consent = describeConsent(visit, subject)
  const { grantId } = await saveGrant(host.provider, consent)
  await host.consents.remember(consent, grantId)
  host.events.record('auth_consent_given', visit.context.requestId, visit.facts)
  return finish(visit, grantId, host)
}

/** The living grant of an earlier consent to exactly this, unless the client wants the person to be asked. */
async function findRemembered(visit: Visit, subject: string, host: InteractionHost): Promise<string | undefined> {
  const { prompt } = visit.interaction.params
  if (typeof prompt === 'string' && prompt.split(' ').includes('consent')) return undefined
  const grantId = await host.consents.find(describeConsent(visit, subject))
  return grantId !== undefined && (await host.provider.Grant.find(grantId)) ? grantId : undefined
}

function describeConsent({ interaction, asking, claimedTenant }: Visit, subject: string): ConsentFacts {
  const { redirectUri, redirectUris, server } = asking
  const { client_id: clientId, scope } = interaction.params
  return {
    tenant: selectTenant(asking, claimedTenant),
    subject,
    clientId: String(clientId),
    redirectUris,
    redirectUri,
    resource: server.resource,
    scope: typeof scope === 'string' ? scope : defaultScope,
  }
}

async function finish(visit: Visit, grantId: string, host: InteractionHost): Promise<VisitAnswer> {
  const result = { consent: { grantId } }
  await host.provider.interactionFinished(visit.request, visit.response, result, { mergeWithLastSubmission: true })
  return undefined
}

async function refuse(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  host.events.record('auth_consent_refused', visit.context.requestId, visit.facts, 'grant_refused')
  const result = { error: 'access_denied', error_description: 'The person refused.' }
  await host.provider.interactionFinished(visit.request, visit.response, result, { mergeWithLastSubmission: false })
  return undefined
}

/** Signs out of the browser session and begins the same authorization again, where the identity provider asks who it is. */
async function switchSubject(visit: Visit, host: InteractionHost): Promise<VisitAnswer> {
  const session = await host.provider.Session.get(host.provider.createContext(visit.request, visit.response))
  await session.destroy()
  await visit.interaction.destroy()
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(visit.interaction.params)) {
    if (typeof value === 'string') query.append(name, value)
  }
  query.set('prompt', 'login')
  const authorize = host.provider.urlFor('authorization')
  const url = `${authorize}?${query.toString()}`
  // A browser that holds forms to `form-action` would not follow a redirect from this one to the identity provider.
  if (!host.settings().devLogin) {
    const page = renderSwitchingPage(url)
    return { page: { ...page, headers: { ...page.headers, refresh: `0;url=${url}` } }, status: 200 }
  }
  visit.response.writeHead(303, { location: url, 'cache-control': 'no-store' }).end()
  return undefined
}
