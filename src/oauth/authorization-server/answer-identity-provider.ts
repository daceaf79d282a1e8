import type { IdentityProvider, Person } from '../../contracts/identity-provider.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { claimedTenant } from '../../identity/claimed-tenant.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { renderErrorPage } from '../pages/error-page.ts'
import { grantSeconds } from './configure-provider.ts'
import { finishSignIn } from './finish-sign-in.ts'
import type { InteractionHost, SignInVisit, VisitAnswer } from './interaction.ts'
import { selectTenant } from './select-tenant.ts'

/**
 * Sign-in at the identity provider. The same page sends people there and receives them back: its path carries the cookie of the
 * interaction, so an answer counts only in the browser, and for the interaction, that it was begun in.
 */
export async function answerIdentityProvider(visit: SignInVisit, host: InteractionHost): Promise<VisitAnswer> {
  const provider = host.identityProvider()
  if (provider === undefined) throw new GatewayError('route_not_found', { detail: 'there is no identity provider' })
  if (visit.form) throw new GatewayError('method_not_allowed', { headers: { allow: 'GET' } })
  const answer = new URL(visit.request.url ?? '/', host.publicUrl)
  try {
    if (answer.searchParams.has('state')) await receiveAnswer(answer, provider, visit, host)
    else await beginSignIn(answer, provider, visit, host)
    return undefined
  } catch (thrown) {
    return showFailure(thrown, answer, visit, host)
  }
}

async function beginSignIn(
  asked: URL,
  provider: IdentityProvider,
  visit: SignInVisit,
  host: InteractionHost,
): Promise<void> {
  const { prompt } = visit.interaction.params
  const chooseAccount = asked.searchParams.has('account') || (typeof prompt === 'string' && prompt.includes('login'))
  const { url, pending } = await provider.begin({ redirectUri: host.callbackUrl, chooseAccount })
  await host.signInStates.put(visit.interaction.uid, pending, host.settings().stateTtlSeconds)
  const headers = { location: url.href, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  visit.response.writeHead(303, headers).end()
}

async function receiveAnswer(
  answer: URL,
  provider: IdentityProvider,
  visit: SignInVisit,
  host: InteractionHost,
): Promise<void> {
  const pending = await host.signInStates.take(visit.interaction.uid, answer.searchParams.get('state') ?? '')
  if (pending === undefined)
    throw new GatewayError('grant_expired', { detail: 'the state was used, or is of another sign-in' })
  const { person, tokens } = await provider.finish(new URL(host.callbackUrl + answer.search), pending)
  const { tenants } = provider.settings
  const claimed = tenants && claimedTenant(person.admission, tenants)
  const tenant = visit.asking ? selectTenant(visit.asking, claimed) : (claimed ?? defaultTenant)
  await rememberPerson(person, claimed, host)
  await host.signInTokens()?.put(person.subject, claimed, tokens)
  await finishSignIn(
    { ...visit, facts: { ...visit.facts, tenant } },
    { accountId: person.subject, amr: ['federated'] },
    host,
  )
}

/** The record outlives every grant that may follow. What changed counts for the tokens of the person at once. */
async function rememberPerson(person: Person, claimed: string | undefined, host: InteractionHost): Promise<void> {
  const { sessionTtlSeconds, refreshTokenTtlSeconds } = host.settings()
  const ttlSeconds = sessionTtlSeconds + Math.max(grantSeconds, refreshTokenTtlSeconds)
  if (await host.people.remember(person, claimed, Math.ceil(ttlSeconds))) host.forgetSubject(person.subject)
}

function showFailure(thrown: unknown, answer: URL, visit: SignInVisit, host: InteractionHost): VisitAnswer {
  const error = asGatewayError(thrown)
  // Whatever is not about the sign-in is a bug or a foreign request: the front door logs and records it.
  if (!error.reason.startsWith('identity_') && error.reason !== 'grant_expired') throw error
  const { requestId } = visit.context
  const detail = error.details.detail ?? null
  host.events.record(
    'auth_sign_in_failed',
    requestId,
    { ...visit.facts, detail, httpStatus: error.status },
    error.reason,
  )
  // Whose account is the problem must be able to choose another: the provider would sign them in silently again.
  const aboutAccount = error.reason === 'identity_not_allowed' || error.reason === 'identity_refused'
  const retryUrl = aboutAccount ? `${answer.pathname}?account=other` : answer.pathname
  return { page: renderErrorPage({ reason: error.reason, requestId, retryUrl }), status: error.status }
}
