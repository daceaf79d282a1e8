import type { AuditTrail } from '../../contracts/audit.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { makeCursor, readCursor } from '../page.ts'

export const auditAnswers: AnswersOf<'listAudit' | 'verifyAudit'> = {
  async listAudit({ query }, { host }) {
    const { cursor, limit, ...filter } = query
    const beforeSequence = cursor === undefined ? undefined : Number(readCursor(cursor))
    // One more than a page says whether there is another one.
    const entries = await trailOf(host).read({ ...filter, beforeSequence, limit: limit + 1 })
    const items = entries.slice(0, limit)
    const last = entries.length > limit ? items.at(-1) : undefined
    return {
      items: items.map(({ time, redacted, ...entry }) => ({
        ...entry,
        time: toIsoTime(time),
        redacted: [...redacted],
      })),
      nextCursor: last ? makeCursor(String(last.sequence)) : null,
    }
  },
  async verifyAudit(_input, { host }) {
    const { firstSequence, lastSequence, lastHash, keys, problems, ...counts } = await trailOf(host).verify()
    return {
      ...counts,
      firstSequence: firstSequence ?? null,
      lastSequence: lastSequence ?? null,
      lastHash: lastHash ?? null,
      keys: [...keys],
      problems: [...problems],
    }
  },
}

function trailOf({ audit }: AdminHost): AuditTrail {
  if (audit === undefined)
    throw new GatewayError('admin_conflict', { message: 'There is no audit trail: audit.enabled is false.' })
  return audit
}
