import type { Clock } from '../../contracts/clock.ts'
import type { ListSink } from '../../contracts/event-sink.ts'
import type { PostExport } from '../../contracts/post-export.ts'
import { randomId } from '../../lib/random-id.ts'
import type { Secret } from '../../lib/secret.ts'
import { signWebhook } from '../../lib/sign-webhook.ts'
import type { GatewayEvent } from '../event.ts'
import { Delivery } from './delivery.ts'
import { formatEventJson } from './format-event-json.ts'

/** An entry of `exports.webhooks`. */
export interface WebhookOptions {
  readonly name: string
  readonly url: string
  readonly secret: Secret
  readonly events: 'all' | 'problems'
  /** Event types; `auth_*` stands for a family. Empty: every type. */
  readonly types: readonly string[]
  readonly batchSize: number
  readonly maxWaiting: number
}

/** What posting needs, and tests change. */
export interface WebhookHost {
  readonly post: PostExport
  readonly clock: Clock
  readonly firstPauseMs?: number | undefined
  readonly giveUpMs?: number | undefined
}

/**
 * Posts events in signed batches (Standard Webhooks): `{ "type": "events", "timestamp", "data": { "events": [...] } }`. A batch is sent again under
 * the same `webhook-id` until the receiver takes it, refuses it for good, or time is over.
 */
export function createWebhookSink(options: WebhookOptions, host: WebhookHost): ListSink<GatewayEvent> {
  const { name, url, secret, batchSize, maxWaiting } = options
  const delivery = new Delivery({ url, ...host })
  const isWanted = createChoice(options)
  const send = (events: readonly GatewayEvent[]) => {
    const id = `msg_${randomId()}`
    const timestamp = new Date(host.clock()).toISOString()
    const list = events.map((event) => formatEventJson(event)).join(',')
    const body = `{"type":"events","timestamp":"${timestamp}","data":{"events":[${list}]}}`
    return delivery.send(() => ({
      headers: { 'content-type': 'application/json', ...signWebhook(secret.reveal(), id, host.clock(), body) },
      body,
    }))
  }
  return {
    name: `webhook ${name}`,
    maxWaiting,
    joinsUpTo: batchSize,
    get trouble() {
      return delivery.trouble
    },
    wants: isWanted,
    async write(events) {
      for (let start = 0; start < events.length; start += batchSize) await send(events.slice(start, start + batchSize))
    },
    hurry: () => delivery.hurry(),
    close: () => undefined,
  }
}

function createChoice({ events, types }: WebhookOptions): (event: GatewayEvent) => boolean {
  const prefixes = types.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1))
  const whole = new Set(types)
  return ({ outcome, type }) => {
    if (events === 'problems' && outcome === 'success') return false
    return types.length === 0 || whole.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
  }
}
