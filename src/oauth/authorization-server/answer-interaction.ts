import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../errors/gateway-error.ts'
import { defaultTenant, joinTenants } from '../../lib/tenant.ts'
import { answerConsent } from './answer-consent.ts'
import { answerDevLogin } from './answer-dev-login.ts'
import { answerIdentityProvider } from './answer-identity-provider.ts'
import type { PageName } from './endpoints.ts'
import { findReturnPath } from './finish-sign-in.ts'
import { hostOf, type Interaction, type InteractionHost, type Visit, type VisitAnswer } from './interaction.ts'
import { formActionSource } from './redirect-uris.ts'
import { tenantOfClient } from './tenant-models.ts'

/** The provider's prompt that leads to each page. */
const promptOf = { 'dev-login': 'login', 'sign-in': 'login', consent: 'consent' } as const
const signIns = { 'dev-login': answerDevLogin, 'sign-in': answerIdentityProvider } as const

/** Answers a page of the sign-in. Refuses by throwing a `GatewayError`. */
export async function answerInteraction(
  page: PageName,
  uid: string,
  visit: Pick<Visit, 'request' | 'response' | 'context' | 'form'>,
  host: InteractionHost,
): Promise<VisitAnswer> {
  const interaction = await findInteraction(uid, visit, host)
  if (interaction.prompt.name !== promptOf[page])
    throw new GatewayError('grant_expired', { detail: 'the sign-in is at another step' })
  if (visit.form) checkForm(visit.form, visit.context.original, interaction.uid, host)
  if (page !== 'consent' && findReturnPath(interaction) !== undefined)
    return signIns[page]({ ...visit, ...describeOwnSignIn(interaction, host) }, host)
  const complete = { ...visit, ...(await describeInteraction(interaction, host)) }
  return page === 'consent' ? answerConsent(complete, host) : signIns[page](complete, host)
}

/** The interaction of the URL, if this browser began it: consent given in one browser must never finish a flow of another. */
async function findInteraction(
  uid: string,
  visit: Pick<Visit, 'request' | 'response'>,
  host: InteractionHost,
): Promise<Interaction> {
  let interaction: Interaction
  try {
    interaction = await host.provider.interactionDetails(visit.request, visit.response)
  } catch (error) {
    const description = error instanceof Error && 'error_description' in error ? String(error.error_description) : ''
    if (description === '') throw error
    throw new GatewayError('grant_expired', { detail: description, status: description.includes('cookie') ? 403 : 400 })
  }
  if (interaction.uid !== uid) throw new GatewayError('grant_expired', { detail: 'another interaction', status: 403 })
  return interaction
}

/** Throws for a form that another site sent, or that was not made for this: an interaction, or whatever `purpose` names. */
export function checkForm(
  form: URLSearchParams,
  original: IncomingMessage,
  purpose: string,
  host: InteractionHost,
): void {
  const { origin } = original.headers
  if (origin !== undefined && origin !== host.publicUrl) {
    throw new GatewayError('origin_not_allowed', { detail: 'the form was sent from another origin' })
  }
  if (!host.formTokens.verify(purpose, form.get('form_token') ?? '')) {
    throw new GatewayError('grant_expired', { detail: 'the form token does not match', status: 403 })
  }
}

/** A sign-in that no client asked for. */
function describeOwnSignIn(interaction: Interaction, host: InteractionHost) {
  const formToken = host.formTokens.create(interaction.uid)
  return { interaction, asking: undefined, facts: {}, formToken, formTargets: [] }
}

async function describeInteraction(interaction: Interaction, host: InteractionHost) {
  const { client_id: clientId, redirect_uri: redirectUri, resource } = interaction.params
  const client = await host.provider.Client.find(String(clientId))
  if (!client) throw new GatewayError('client_unknown')
  const server = typeof resource === 'string' ? host.virtualServers.findByResource(resource) : undefined
  if (!server) throw new GatewayError('grant_target_invalid')
  const target = formActionSource(String(redirectUri))
  const { accountId } = interaction.session ?? {}
  const known = accountId === undefined ? undefined : await host.findKnownSubject(accountId)
  const ofClient = tenantOfClient(client.metadata())
  const tenant = joinTenants(known?.tenant, server.tenant, ofClient)
  const place = tenant ?? server.tenant ?? defaultTenant
  // Who is of another tenant than the virtual server is nobody in the events of that one.
  const isOfPlace = ofClient === undefined || ofClient === place
  const clientName = client.clientName ?? hostOf(client.clientId) ?? 'An application without a name'
  return {
    interaction,
    asking: {
      clientName,
      redirectUri: String(redirectUri),
      redirectUris: client.redirectUris ?? [],
      server,
      tenant: ofClient,
    },
    claimedTenant: known?.tenant,
    facts: {
      clientId: isOfPlace ? client.clientId : null,
      clientName: isOfPlace ? clientName : null,
      subject: tenant === undefined ? null : (accountId ?? null),
      tenant: place,
      virtualServer: server.name,
      upstream: server.upstream,
    },
    formToken: host.formTokens.create(interaction.uid),
    formTargets: target === undefined ? [] : [target],
  }
}
