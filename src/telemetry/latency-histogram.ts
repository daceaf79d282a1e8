/** Upper bounds in seconds, as the MCP semantic conventions advise; what is beyond the last has a bucket of its own. */
export const latencyBounds: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** Times, counted by bounds: as much memory for a million as for one. */
export interface LatencyHistogram {
  /** One for each bound and one for what is beyond; not cumulative. */
  readonly counts: number[]
  /** Of all times, in seconds. */
  sum: number
}

export function newHistogram(): LatencyHistogram {
  return { counts: Array<number>(latencyBounds.length + 1).fill(0), sum: 0 }
}

/** Counts one time. */
export function addTime(histogram: LatencyHistogram, seconds: number): void {
  let bucket = 0
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] ?? 0)) bucket++
  histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
  histogram.sum += seconds
}

/** Adds what another one counted; with `sign` -1 takes it away. */
export function mergeHistogram(into: LatencyHistogram, from: LatencyHistogram, sign: 1 | -1 = 1): void {
  for (const [bucket, count] of from.counts.entries()) into.counts[bucket] = (into.counts[bucket] ?? 0) + sign * count
  into.sum += sign * from.sum
}

export function countOf({ counts }: LatencyHistogram): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * The time that this share of all times is not longer than, in seconds, taking times to be spread evenly between two bounds. Undefined without
 * any; the last bound for what is beyond it.
 */
export function quantileOf(histogram: LatencyHistogram, share: number): number | undefined {
  const rank = countOf(histogram) * share
  if (rank === 0) return undefined
  let below = 0
  for (const [bucket, count] of histogram.counts.entries()) {
    const upper = latencyBounds[bucket]
    if (upper === undefined) break
    if (count > 0 && below + count >= rank) {
      const lower = latencyBounds[bucket - 1] ?? 0
      return lower + (upper - lower) * ((rank - below) / count)
    }
    below += count
  }
  return latencyBounds.at(-1)
}
