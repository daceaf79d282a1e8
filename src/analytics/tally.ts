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
  readonly latency = new Histogram()
  readonly gatewayLatency = new Histogram()
  readonly upstreamLatency = new Histogram()

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
