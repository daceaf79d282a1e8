import type { InteractionHost, Visit } from './interaction.ts'

/** Signing in as somebody else ends the session that this browser had. */
export async function leaveOtherSession(visit: Visit, subject: string, host: InteractionHost): Promise<void> {
  const { interaction } = visit
  if (interaction.session === undefined || interaction.session.accountId === subject) return
  const session = await host.provider.Session.get(host.provider.createContext(visit.request, visit.response))
  await session.destroy()
  delete interaction.session
  await interaction.persist()
}
