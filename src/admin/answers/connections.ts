import type { ConnectionRecord } from '../../contracts/storage.ts'
import { ownerOf, sharedOwner } from '../../credentials/connections.ts'
import { describeConnection } from '../../credentials/describe-connection.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { AdminCall } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { pageByTime } from '../page.ts'

export const connectionAnswers: AnswersOf<'listConnections' | 'getConnection' | 'removeConnection'> = {
  async listConnections({ query }, { host }) {
    const { tenant, upstream, subject, state } = query
    const owner = subject === undefined ? undefined : ownerOf(subject)
    const records = await host.storage.connections.list({ tenant, upstream, owner, limit: mostListed })
    const fitting = records.filter((record) => state === undefined || record.state === state)
    const page = pageByTime(fitting, query, ({ createdAtMs, id }) => ({ timeMs: createdAtMs, id }))
    return { ...page, items: page.items.map(show) }
  },
  async getConnection({ params }, call) {
    return show(await findConnection(params.id, call))
  },
  async removeConnection({ params }, call) {
    const record = await findConnection(params.id, call)
    const { tenant, upstream, owner, id } = record
    const outcome = await call.host.disconnect({ tenant, upstream, owner })
    if (outcome === undefined) throw new GatewayError('admin_not_found')
    call.host.forget({ kind: 'connection', id })
    await call.recordChange({ target: `connection ${id}`, before: show(record), after: null, tenant })
    return { outcome }
  },
}

/** Read at once: administration is rare, and one of them takes half a kilobyte. */
export const mostListed = 100_000

function show(record: ConnectionRecord) {
  const { owner, scopes, ...rest } = describeConnection(record)
  return {
    id: record.id,
    owner: owner === sharedOwner ? null : owner.replace(/^subject:/, ''),
    scopes: [...scopes],
    ...rest,
  }
}

async function findConnection(id: string, { host }: AdminCall): Promise<ConnectionRecord> {
  const records = await host.storage.connections.list({ limit: mostListed })
  const found = records.find((record) => record.id === id)
  if (found === undefined) throw new GatewayError('admin_not_found')
  return found
}
