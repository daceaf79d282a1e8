import { toIsoTime } from '../../lib/iso-time.ts'
import type { AnswersOf } from '../answer.ts'
import { recordAdminEvent } from '../record-admin-event.ts'

export const sessionAnswers: AnswersOf<'getSession' | 'endSession'> = {
  getSession(_input, { host, administrator, session }) {
    const { mode, publicUrl, settings } = host.project()
    return {
      subject: administrator.subject,
      name: administrator.name,
      role: administrator.role,
      signedInBy: session.signedInBy,
      signedInAt: toIsoTime(session.createdAtMs),
      expiresAt: toIsoTime(session.expiresAtMs),
      idleSeconds: settings.admin.sessionIdleSeconds,
      gateway: { version: host.version, mode, publicUrl, readOnly: settings.admin.readOnly },
    }
  },
  async endSession(_input, call) {
    await call.endSession()
    const { subject, tenant } = call.administrator
    recordAdminEvent(call.host, 'admin_signed_out', call.requestId, { subject, tenant })
  },
}
