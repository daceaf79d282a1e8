import { Delivery } from '../../analytics/sinks/delivery.ts'
import type { WebhookHost } from '../../analytics/sinks/webhook.ts'
import { sha256 } from '../../lib/hash.ts'
import type { Secret } from '../../lib/secret.ts'
import { signWebhook } from '../../lib/sign-webhook.ts'
import type { AlertChange } from './alert-book.ts'

/** An entry of `alerts.webhooks`. */
export interface ReceiverOptions {
  readonly url: string
  readonly secret: Secret
}

const mostWaiting = 1000

/** Posts changes in order, each signed and under an id of its own; one that is not taken in time is given up. */
export class AlertReceiver {
  readonly #options: ReceiverOptions
  readonly #host: WebhookHost
  readonly #delivery: Delivery
  readonly #onLost: (error: unknown) => void
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(options: ReceiverOptions, host: WebhookHost, onLost: (error: unknown) => void) {
    this.#options = options
    this.#host = host
    this.#delivery = new Delivery({ url: options.url, ...host })
    this.#onLost = onLost
  }

  /** Never waits, never throws. */
  tell(change: AlertChange, gateway: string): void {
    if (this.#waiting >= mostWaiting) return this.#onLost(new Error('too many alerts wait'))
    this.#waiting++
    this.#last = this.#last.then(() => this.#send(change, gateway)).finally(() => this.#waiting--)
    return undefined
  }

  /** Resolves when everything was told or given up. */
  idle(): Promise<void> {
    return this.#last
  }

  hurry(): void {
    this.#delivery.hurry()
  }

  async #send(change: AlertChange, gateway: string): Promise<void> {
    const { status, alert, firedAtMs, atMs } = change
    const id = `alert_${sha256(JSON.stringify([alert.key, status, firedAtMs]))}`
    const body = JSON.stringify({
      type: `alert.${status}`,
      timestamp: new Date(atMs).toISOString(),
      data: {
        id: sha256(alert.key),
        kind: alert.kind,
        summary: alert.summary,
        gateway,
        firedAt: new Date(firedAtMs).toISOString(),
        resolvedAt: status === 'resolved' ? new Date(atMs).toISOString() : undefined,
        tenant: alert.tenant,
        virtualServer: alert.virtualServer,
        upstream: alert.upstream,
        details: alert.details,
      },
    })
    try {
      await this.#delivery.send(() => ({
        headers: {
          'content-type': 'application/json',
          ...signWebhook(this.#options.secret.reveal(), id, this.#host.clock(), body),
        },
        body,
      }))
    } catch (error) {
      this.#onLost(error)
    }
  }
}
