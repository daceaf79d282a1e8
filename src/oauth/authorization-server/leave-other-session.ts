import type { InteractionHost, SignInVisit } from './interaction.ts'

/**
 * Signing in as somebody else ends the session that this browser has now: another tab may have begun it after this sign-in.
 * The provider itself would send the person to a form that signs out.
 */
export async function leaveOtherSession(visit: SignInVisit, subject: string, host: InteractionHost): Promise<void> {
  const { interaction } = visit
  const session = await host.provider.Session.get(host.provider.createContext(visit.request, visit.response))
  if (session.accountId === undefined || session.accountId === subject) return
  await session.destroy()
  if (interaction.session === undefined) return
  delete interaction.session
  await interaction.persist()
}
