import { Histogram } from './histogram.ts'

/** What is counted of a group of events. */
export class Tally {
  events = 0
  succeeded = 0
  partial = 0
  clientErrors = 0
  gatewayErrors = 0
  upstreamErrors = 0
  bytesIn = 0
  bytesOut = 0
  resultTokens = 0
  #latency: Histogram | undefined
  #gatewayLatency: Histogram | undefined
  #upstreamLatency: Histogram | undefined

  // Most questions read one duration or none, and there may be very many groups.
  get latency(): Histogram {
    return (this.#latency ??= new Histogram())
  }

  get gatewayLatency(): Histogram {
    return (this.#gatewayLatency ??= new Histogram())
  }

  get upstreamLatency(): Histogram {
    return (this.#upstreamLatency ??= new Histogram())
  }

  get errors(): number {
    return this.clientErrors + this.gatewayErrors + this.upstreamErrors
  }

  /** Share of failures, 0 to 1; null without events. */
  get errorRate(): number | null {
    return this.events === 0 ? null : this.errors / this.events
  }

  /** Share of successes in what is finished, 0 to 1; null where nothing is. */
  get successRate(): number | null {
    const finished = this.events - this.partial
    return finished === 0 ? null : this.succeeded / finished
  }
}
