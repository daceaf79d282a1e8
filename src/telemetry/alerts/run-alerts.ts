import type { WebhookHost } from '../../analytics/sinks/webhook.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { CountsSnapshot } from '../event-counts.ts'
import type { AlertKind, Findings } from './alert.ts'
import { AlertBook, type AlertChange, type FiringAlert } from './alert-book.ts'
import { readAlertFile, writeAlertFile } from './alert-file.ts'
import { AlertReceiver, type ReceiverOptions } from './alert-receiver.ts'
import type { DefinitionNotes } from './definition-notes.ts'
import {
  type ConnectionSummary,
  type ErrorRateRule,
  findConnections,
  findErrorRates,
  findQuotas,
  findSlowServers,
  type LatencyRule,
  type QuotaRule,
} from './find-alerts.ts'
import type { QuotaNotes } from './quota-notes.ts'
import { TrafficWindow } from './traffic-window.ts'

/** `alerts` of the running project. */
export interface AlertRules {
  readonly webhooks: readonly ReceiverOptions[]
  readonly errorRate: ErrorRateRule
  readonly latency: LatencyRule
  readonly quota: QuotaRule & { readonly minutes: number }
  readonly connection: { readonly enabled: boolean; readonly expiresWithinHours: number }
  readonly definition: { readonly enabled: boolean; readonly minutes: number }
}

export interface AlertsHost extends WebhookHost {
  /** Read at every look, so that a reload counts. */
  readonly rules: () => AlertRules
  readonly counts: () => CountsSnapshot
  readonly quotas: QuotaNotes
  readonly definitions: DefinitionNotes
  /** Connections that end before this and cannot renew themselves, and those that need consent again. */
  readonly findConnections: (untilMs: number) => Promise<{
    readonly expiring: readonly ConnectionSummary[]
    readonly reconsent: readonly ConnectionSummary[]
  }>
  /** Where what fires outlives a restart. */
  readonly file: string
  /** Origin that clients see: receivers may hear several gateways. */
  readonly gateway: string
  readonly log: Logger
}

/** Alerts while they run. */
export interface RunningAlerts {
  readonly firing: readonly FiringAlert[]
  /** Looks once, now. For tests; otherwise it happens every 15 seconds. */
  look(): Promise<void>
  /** Resolves when receivers were told, or gave up. */
  stop(): Promise<void>
}

const lookMs = 15_000
const connectionsMs = 5 * 60_000
const stopMs = 2000

/** Looks at what was counted and noted, and tells the operator what changed. Runs in one process of a gateway, off the request path. */
export async function runAlerts(host: AlertsHost): Promise<RunningAlerts> {
  const alerts = new AlertsLoop(host, await readAlertFile(host.file))
  const timer = setInterval(() => void alerts.look(), lookMs).unref()
  return {
    get firing() {
      return alerts.firing
    },
    look: () => alerts.look(),
    stop() {
      clearInterval(timer)
      return alerts.close()
    },
  }
}

class AlertsLoop {
  readonly #host: AlertsHost
  readonly #book: AlertBook
  readonly #traffic = new TrafficWindow()
  readonly #receivers = new Map<string, AlertReceiver>()
  #connectionsAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(host: AlertsHost, firing: readonly FiringAlert[]) {
    this.#host = host
    this.#book = new AlertBook(firing)
    // What was counted before nobody asked about is not of the first window.
    this.#traffic.add(host.counts(), host.clock())
  }

  get firing(): readonly FiringAlert[] {
    return this.#book.firing
  }

  /** One at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async close(): Promise<void> {
    await this.#looking
    for (const receiver of this.#receivers.values()) receiver.hurry()
    const told = Promise.all([...this.#receivers.values()].map((receiver) => receiver.idle()))
    let timer: NodeJS.Timeout | undefined
    await Promise.race([told, new Promise((resolve) => (timer = setTimeout(resolve, stopMs)))])
    clearTimeout(timer)
  }

  async #look(): Promise<void> {
    const { log, clock, file } = this.#host
    try {
      const nowMs = clock()
      const found = await this.#find(nowMs)
      const changes = found.flatMap(([kind, findings]) => this.#book.update(kind, findings, nowMs))
      if (changes.length === 0) return
      await writeAlertFile(file, this.#book.firing)
      for (const change of changes) this.#tell(change)
    } catch (error) {
      log.error({ err: error }, 'alerts could not be looked for')
    }
  }

  async #find(nowMs: number): Promise<readonly (readonly [AlertKind, Findings])[]> {
    const { rules, counts, quotas, definitions } = this.#host
    const { errorRate, latency, quota, definition } = rules()
    this.#traffic.add(counts(), nowMs)
    return [
      ['error_rate', findErrorRates(this.#traffic, errorRate)],
      ['latency', findSlowServers(this.#traffic, latency)],
      ['quota', findQuotas(quotas.since(nowMs - quota.minutes * 60_000), quota)],
      ['definition', definitions.find(definition, nowMs)],
      ...(await this.#findConnections(nowMs)),
    ]
  }

  /** Opens sealed values, so it is done rarely. */
  async #findConnections(nowMs: number): Promise<readonly (readonly [AlertKind, Findings])[]> {
    const { enabled, expiresWithinHours } = this.#host.rules().connection
    if (enabled && nowMs - this.#connectionsAtMs < connectionsMs) return []
    this.#connectionsAtMs = nowMs
    const { expiring, reconsent } = enabled
      ? await this.#host.findConnections(nowMs + expiresWithinHours * 3_600_000)
      : { expiring: [], reconsent: [] }
    return [
      ['connection_expiring', findConnections('connection_expiring', expiring)],
      ['connection_reconsent', findConnections('connection_reconsent', reconsent)],
    ]
  }

  #tell(change: AlertChange): void {
    const { log, rules, gateway } = this.#host
    const { kind, summary, tenant, virtualServer, upstream } = change.alert
    const fields = { alert: { kind, summary, tenant, virtualServer, upstream } }
    if (change.status === 'fired') log.warn(fields, 'an alert fired')
    else log.info(fields, 'an alert is resolved')
    for (const receiver of rules().webhooks) this.#receiverOf(receiver).tell(change, gateway)
  }

  #receiverOf(options: ReceiverOptions): AlertReceiver {
    const key = `${options.url} ${options.secret.reveal()}`
    const known = this.#receivers.get(key)
    if (known) return known
    const { log } = this.#host
    const onLost = (error: unknown) => log.error({ url: new URL(options.url).host, error }, 'an alert was not taken')
    const receiver = new AlertReceiver(options, this.#host, onLost)
    this.#receivers.set(key, receiver)
    return receiver
  }
}
