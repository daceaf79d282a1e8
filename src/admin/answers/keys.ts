import { GatewayError } from '../../errors/gateway-error.ts'
import { checkConsumerName, describeApiKey, issueApiKey } from '../../identity/issued-keys.ts'
import { consumerSubject } from '../../identity/subject-id.ts'
import type { JsonValue } from '../../lib/json.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import type { AnswersOf } from '../answer.ts'
import { pageByTime } from '../page.ts'
import { recordAdminEvent } from '../record-admin-event.ts'
import { mostListed } from './connections.ts'

export const keyAnswers: AnswersOf<'listKeys' | 'createKey' | 'revokeKey'> = {
  async listKeys({ query }, { host }) {
    const { tenant, consumer, state } = query
    const now = host.clock()
    const records = await host.storage.apiKeys.list({ tenant, limit: mostListed })
    const fitting = records.filter((record) => consumer === undefined || record.consumer.name === consumer)
    const described = fitting.map((record) => ({ timeMs: record.createdAtMs, ...describeApiKey(record, now) }))
    return pageByTime(
      described.filter((key) => state === undefined || key.state === state),
      query,
      ({ timeMs, id }) => ({ timeMs, id }),
    )
  },
  async createKey({ body }, call) {
    const { consumer, tenant, expiresAt, metadata } = body
    const problem = checkConsumerName(consumer)
    if (problem !== undefined) throw new GatewayError('admin_request_invalid', { message: `body consumer: ${problem}` })
    const { host, requestId } = call
    const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt)
    if (expiresAtMs !== undefined && expiresAtMs <= host.clock())
      throw new GatewayError('admin_request_invalid', { message: 'body expiresAt: is in the past' })
    const { id, key } = await issueApiKey(host.storage.apiKeys, { tenant, consumer, metadata, expiresAtMs })
    const record = await host.storage.apiKeys.find(tenant, id)
    if (record === undefined) throw new Error(`the key ${id} was not stored`)
    const described = describeApiKey(record, host.clock())
    recordAdminEvent(host, 'auth_key_created', requestId, {
      subject: consumerSubject(consumer),
      tenant,
      detail: `by ${call.administrator.subject} in the console`,
    })
    await call.recordChange({ target: id, before: null, after: described as JsonValue, tenant })
    return { ...described, key }
  },
  async revokeKey({ params: { id }, query: { tenant = defaultTenant } }, call) {
    const { host, requestId } = call
    const record = await host.storage.apiKeys.find(tenant, id)
    if (record === undefined || !(await host.storage.apiKeys.revoke(tenant, id)))
      throw new GatewayError('admin_not_found')
    host.forget({ kind: 'api-key', id })
    recordAdminEvent(host, 'auth_key_revoked', requestId, {
      subject: consumerSubject(record.consumer.name),
      tenant,
      detail: `by ${call.administrator.subject} in the console`,
    })
    const before = describeApiKey(record, host.clock())
    await call.recordChange({
      target: id,
      before: before as JsonValue,
      after: { ...before, state: 'revoked' } as JsonValue,
      tenant,
    })
  },
}
