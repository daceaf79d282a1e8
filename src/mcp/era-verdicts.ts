import type { Era } from '../contracts/mcp.ts'
import { Lru } from '../lib/lru.ts'

/** Which era is spoken with an upstream: that of each client as long as the upstream takes it, or always the same. */
export type ProtocolSetting = 'auto' | Era

const mostVerdicts = 10_000
// An upstream that was upgraded still answers `initialize`, so a verdict that never ended would never be found out.
const verdictMs = 60 * 60 * 1000

/**
 * What the upstream of one route showed of itself, per credential identity: the only era it speaks. A message goes out in its client's own
 * era until there is a verdict. Only evidence makes one (2026-07-28 §versioning): never a 401 or 403, a 5xx or silence.
 */
export class EraVerdicts {
  readonly #setting: ProtocolSetting
  readonly #verdicts: Lru<string, Era>

  constructor(setting: ProtocolSetting, nowMs: () => number = () => performance.now()) {
    this.#setting = setting
    this.#verdicts = new Lru(mostVerdicts, { ttl: verdictMs, ttlResolution: 0, perf: { now: nowMs } })
  }

  /** The era to speak upstream with a message of a client of `era`. Costs one comparison while there is no verdict. */
  eraFor(era: Era, identity: string): Era {
    if (this.#setting !== 'auto') return this.#setting
    return this.#verdicts.size === 0 ? era : (this.#verdicts.get(identity) ?? era)
  }

  /** True when the upstream may be found out: nobody wrote its era down. */
  get mayLearn(): boolean {
    return this.#setting === 'auto'
  }

  /** The upstream showed under this credential that it speaks this era only. */
  note(identity: string, era: Era): void {
    if (this.mayLearn) this.#verdicts.set(identity, era)
  }

  /** The upstream did not behave as the verdict says. */
  forget(identity: string): void {
    this.#verdicts.delete(identity)
  }
}
