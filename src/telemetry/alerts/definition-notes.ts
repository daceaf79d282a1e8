import type { GatewayEvent } from '../../analytics/event.ts'
import type { Alert, Findings } from './alert.ts'

/** What an event says of a definition that is not as it should be. Travels between processes as JSON. */
export interface DefinitionNote {
  readonly atMs: number
  readonly event: 'capability_changed' | 'capability_suspicious'
  readonly tenant: string
  readonly virtualServer: string | null
  readonly capabilityType: string | null
  readonly capability: string | null
  readonly reason: string | null
}

const mostNotes = 1000

/** Definitions that changed lately. */
export class DefinitionNotes {
  readonly #notes = new Map<string, DefinitionNote>()

  note(note: DefinitionNote): void {
    const key = keyOf(note)
    this.#notes.delete(key)
    this.#notes.set(key, note)
    const oldest = this.#notes.size > mostNotes ? this.#notes.keys().next().value : undefined
    if (oldest !== undefined) this.#notes.delete(oldest)
  }

  find({ enabled, minutes }: { readonly enabled: boolean; readonly minutes: number }, nowMs: number): Findings {
    if (!enabled) return { alerts: [], isSettled: true }
    const sinceMs = nowMs - minutes * 60_000
    const alerts = [...this.#notes].flatMap(([key, note]) => (note.atMs >= sinceMs ? [toAlert(key, note)] : []))
    // An upstream that is asked rarely may still be as it was.
    return { alerts, isSettled: nowMs - this.#startedMs >= minutes * 60_000 }
  }

  readonly #startedMs: number

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }
}

/** The note of an event; undefined for events about something else. */
export function toDefinitionNote(event: GatewayEvent): DefinitionNote | undefined {
  const { type, time: atMs, tenant, virtualServer, capabilityType, capability, reason } = event
  if (type !== 'capability_changed' && type !== 'capability_suspicious') return undefined
  return { atMs, event: type, tenant, virtualServer, capabilityType, capability, reason }
}

function keyOf({ event, tenant, virtualServer, capabilityType, capability }: DefinitionNote): string {
  return `definition ${JSON.stringify([event, tenant, virtualServer, capabilityType, capability])}`
}

function toAlert(
  key: string,
  { event, tenant, virtualServer, capabilityType, capability, reason }: DefinitionNote,
): Alert {
  const what = `${capabilityType ?? 'capability'} ${capability ?? ''} of ${virtualServer ?? 'an upstream'}`
  return {
    key,
    kind: 'definition',
    summary: event === 'capability_changed' ? `${what} is not as it was pinned.` : `The texts of ${what} look hostile.`,
    tenant,
    virtualServer: virtualServer ?? undefined,
    details: { event, capabilityType, capability, reason },
  }
}
