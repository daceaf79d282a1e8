import { formatMs } from '../../parts/format.ts'
import styles from './latency-split.module.css'

interface LatencySplitProps {
  /** Milliseconds, from the first byte of the request to the last of the answer. */
  readonly totalMs: number
  /** Of that, waiting for the upstream. */
  readonly upstreamMs: number | null
}

/** Where the time went: in the gateway, or in waiting for the upstream. */
export function LatencySplit({ totalMs, upstreamMs }: LatencySplitProps) {
  const waitedMs = Math.min(upstreamMs ?? 0, totalMs)
  const gatewayMs = totalMs - waitedMs
  return (
    <section aria-label="Latency">
      <div className={styles['bar']} aria-hidden="true">
        <span style={{ flexGrow: Math.max(gatewayMs, totalMs / 100) }} data-part="gateway" />
        <span style={{ flexGrow: waitedMs }} data-part="upstream" />
      </div>
      <dl className={styles['legend']}>
        <div data-part="gateway">
          <dt>Gateway</dt>
          <dd>{formatMs(gatewayMs)}</dd>
        </div>
        <div data-part="upstream">
          <dt>Upstream</dt>
          <dd>{upstreamMs === null ? 'not called' : formatMs(upstreamMs)}</dd>
        </div>
        <div>
          <dt>Total</dt>
          <dd>{formatMs(totalMs)}</dd>
        </div>
      </dl>
    </section>
  )
}
