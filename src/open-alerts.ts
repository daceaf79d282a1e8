import { resolve } from 'node:path'
import type { GatewayEvent } from './analytics/event.ts'
import type { Project } from './config/project.ts'
import type { ListSink } from './contracts/event-sink.ts'
import type { RateLimiter } from './contracts/limiter.ts'
import type { Logger } from './contracts/logger.ts'
import type { Peers, StopLeading } from './contracts/peers.ts'
import type { Storage } from './contracts/storage.ts'
import type { Vault } from './contracts/vault.ts'
import { type DefinitionNote, DefinitionNotes, toDefinitionNote } from './telemetry/alerts/definition-notes.ts'
import { type QuotaNote, QuotaNotes, watchLimiter } from './telemetry/alerts/quota-notes.ts'
import type { RunningAlerts } from './telemetry/alerts/run-alerts.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** What alerts are made from, as long as a gateway runs. */
export interface Alerts {
  /** Notes what happens to definitions. */
  readonly sink: ListSink<GatewayEvent>
  /** The same limiter; who comes near a limit is noted. */
  watchLimiter(limiter: RateLimiter): RateLimiter
  /** Looks for alerts, in the one process that does it for all, once the project names somebody to tell. Returns how to stop. */
  run(parts: AlertParts): StopLeading
  close(): void
}

/** What there is to look at. */
export interface AlertParts {
  readonly project: () => Project
  readonly metrics: Pick<Metrics, 'counts'>
  readonly storage: Pick<Storage, 'connections'>
  readonly vault: Pick<Vault, 'open'>
  readonly log: Logger
}

/** What processes that do not lead tell the one that does. */
interface PeerNotes {
  readonly definitions?: readonly DefinitionNote[]
  readonly quotas?: readonly QuotaNote[]
}

const topic = 'alert-notes'
const tellMs = 5000
const checkMs = 15_000
const mostConnections = 100_000

/** Notes what alerts are about. What looks at it is loaded when the project wants alerts, and not before. */
export function openAlerts(peers: Peers): Alerts {
  const definitions = new DefinitionNotes(Date.now())
  const quotas = new QuotaNotes()
  const stopTelling = shareNotes(peers, definitions, quotas)
  return {
    sink: {
      name: 'alerts',
      wants: (event) => toDefinitionNote(event) !== undefined,
      write(events) {
        const notes = events.flatMap((event) => toDefinitionNote(event) ?? [])
        for (const note of notes) definitions.note(note)
        if (notes.length > 0 && !peers.isLeader) peers.tell(topic, { definitions: notes } satisfies PeerNotes)
      },
      close: () => undefined,
    },
    watchLimiter: (limiter) => watchLimiter(limiter, quotas, Date.now),
    run: (parts) => runWhenWanted(parts, () => load(parts, definitions, quotas)),
    close: stopTelling,
  }
}

function shareNotes(peers: Peers, definitions: DefinitionNotes, quotas: QuotaNotes): () => void {
  if (peers.count === 1) return () => undefined
  peers.hear(topic, (message) => {
    const notes = message as PeerNotes
    for (const note of notes.definitions ?? []) definitions.note(note)
    for (const note of notes.quotas ?? []) quotas.hear(note)
  })
  const tell = () => {
    const changes = quotas.takeChanges()
    if (changes.length > 0 && !peers.isLeader) peers.tell(topic, { quotas: changes } satisfies PeerNotes)
  }
  const timer = setInterval(tell, tellMs).unref()
  return () => clearInterval(timer)
}

/** A reload may name the first receiver. */
function runWhenWanted({ project, log }: AlertParts, load: () => Promise<LoadedAlerts>): StopLeading {
  let loaded: Promise<LoadedAlerts | undefined> | undefined
  const check = () => {
    if (loaded || project().settings.alerts.webhooks.length === 0) return
    loaded = load().catch((error: unknown) => {
      log.error({ err: error }, 'alerts could not be started')
      return undefined
    })
  }
  check()
  const timer = setInterval(check, checkMs).unref()
  return async () => {
    clearInterval(timer)
    const alerts = await loaded
    await alerts?.stop()
  }
}

type LoadedAlerts = Pick<RunningAlerts, 'stop'>

async function load(
  { project, metrics, storage, vault, log }: AlertParts,
  definitions: DefinitionNotes,
  quotas: QuotaNotes,
): Promise<LoadedAlerts> {
  const { runAlerts } = await import('./telemetry/alerts/run-alerts.ts')
  const { createPostExport } = await import('./http/post-export.ts')
  const { findEndingConnections } = await import('./credentials/find-ending-connections.ts')
  const door = createPostExport()
  const { directory, settings, publicUrl } = project()
  const alerts = await runAlerts({
    rules: () => project().settings.alerts,
    counts: () => structuredClone(metrics.counts()),
    quotas,
    definitions,
    findConnections: async (untilMs) => {
      const all = await storage.connections.list({ limit: mostConnections })
      const expiring = await findEndingConnections(storage.connections, vault, untilMs)
      return { expiring, reconsent: all.filter(({ state }) => state === 'reconsent_required') }
    },
    file: resolve(directory, settings.storage.directory, 'alerts.json'),
    gateway: publicUrl,
    log,
    clock: Date.now,
    post: door.post,
  })
  // What is wrong already is not for later.
  void alerts.look()
  return {
    async stop() {
      await alerts.stop()
      await door.close()
    },
  }
}
