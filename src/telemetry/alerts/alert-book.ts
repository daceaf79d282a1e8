import type { Alert, AlertKind, Findings } from './alert.ts'

/** An alert that fired and is not over. */
export interface FiringAlert {
  readonly alert: Alert
  readonly firedAtMs: number
}

/** What receivers are told, once each. */
export interface AlertChange extends FiringAlert {
  readonly status: 'fired' | 'resolved'
  readonly atMs: number
}

/** So many times in a row something must not be found until it is over. */
const clearLooks = 2
/** Of one kind. Whoever has so many reads no more of them. */
const mostFiring = 100

/** What fires now. It says every change once, also after a restart. */
export class AlertBook {
  readonly #firing: Map<string, FiringAlert>
  readonly #clear = new Map<string, number>()

  constructor(firing: readonly FiringAlert[] = []) {
    this.#firing = new Map(firing.map((each) => [each.alert.key, each]))
  }

  get firing(): readonly FiringAlert[] {
    return [...this.#firing.values()]
  }

  /** Takes what was found of one kind; returns what changed. */
  update(kind: AlertKind, { alerts, isSettled }: Findings, nowMs: number): readonly AlertChange[] {
    const found = new Map(alerts.map((alert) => [alert.key, alert]))
    const changes: AlertChange[] = []
    for (const [key, { alert, firedAtMs }] of this.#firing) {
      if (alert.kind !== kind) continue
      const again = found.get(key)
      if (again) {
        this.#firing.set(key, { alert: again, firedAtMs })
        this.#clear.delete(key)
      } else if (isSettled && this.#isOver(key)) {
        this.#firing.delete(key)
        changes.push({ status: 'resolved', alert, firedAtMs, atMs: nowMs })
      }
    }
    let room = mostFiring - this.firing.filter(({ alert }) => alert.kind === kind).length
    for (const [key, alert] of found) {
      if (this.#firing.has(key) || room-- <= 0) continue
      this.#firing.set(key, { alert, firedAtMs: nowMs })
      changes.push({ status: 'fired', alert, firedAtMs: nowMs, atMs: nowMs })
    }
    return changes
  }

  #isOver(key: string): boolean {
    const looks = (this.#clear.get(key) ?? 0) + 1
    if (looks < clearLooks) {
      this.#clear.set(key, looks)
      return false
    }
    return this.#clear.delete(key)
  }
}
