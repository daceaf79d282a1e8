import { describeSessionCookie, sessionSeconds } from './configure-provider.ts'
import type { Interaction, InteractionHost, SignInVisit } from './interaction.ts'
import { leaveOtherSession } from './leave-other-session.ts'
import { resolveReturnPath } from './return-path.ts'

/** Who signed in, and how (RFC 8176). */
export type SignInResult = { readonly accountId: string; readonly amr: string[] }

/** The end of every sign-in: the authorization request goes on, or the page of the gateway that asked who is there. */
export async function finishSignIn(visit: SignInVisit, login: SignInResult, host: InteractionHost): Promise<void> {
  await leaveOtherSession(visit, login.accountId, host)
  host.events.record('auth_signed_in', visit.context.requestId, { ...visit.facts, subject: login.accountId })
  const returnPath = findReturnPath(visit.interaction)
  if (returnPath !== undefined) return signInBrowser(visit, login, returnPath, host)
  const { request, response } = visit
  await host.provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false })
}

/** Where a sign-in leads that no client asked for. Details of the prompt are ours: no authorization request can set them. */
export function findReturnPath(interaction: Interaction): string | undefined {
  const { returnPath } = interaction.prompt.details
  return typeof returnPath === 'string' ? returnPath : undefined
}

/** What the provider does where an authorization request goes on: the person is in the session, and its cookie is another one. */
async function signInBrowser(
  { interaction, request, response }: SignInVisit,
  login: SignInResult,
  returnPath: string,
  host: InteractionHost,
): Promise<void> {
  const context = host.provider.createContext(request, response)
  const session = await host.provider.Session.get(context)
  session.loginAccount(login)
  session.resetIdentifier()
  await session.save(sessionSeconds(session.loginTs, host.settings()))
  const { name, options } = describeSessionCookie(host.publicUrl)
  context.cookies.set(name, session.jti, { ...options, expires: new Date(session.exp * 1000) })
  await interaction.destroy()
  const location = resolveReturnPath(returnPath, host.publicUrl).href
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end()
}
