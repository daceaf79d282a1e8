import type { EventFilter } from '../event-filter.ts'
import { keepFitting } from '../rollup/select-rows.ts'
import type { Block } from './block.ts'

/** Rows of a block whose events fit the filter. */
export function selectEvents(filter: EventFilter, block: Block): Uint32Array {
  const rows = keepFitting(filter, block.columns, block.place.events, () => selectTimes(filter, block))
  const { minLatencyMs } = filter
  if (minLatencyMs === undefined || rows.length === 0) return rows
  const latencies = block.numbers('latencyMs')
  return rows.filter((row) => (latencies[row] ?? 0) >= minLatencyMs)
}

function selectTimes({ sinceMs = 0, untilMs = Number.POSITIVE_INFINITY }: EventFilter, block: Block): Uint32Array {
  const all = Uint32Array.from({ length: block.place.events }, (_, row) => row)
  if (block.place.firstMs >= sinceMs && block.place.lastMs < untilMs) return all
  const times = block.numbers('time')
  return all.filter((row) => {
    const time = times[row] ?? 0
    return time >= sinceMs && time < untilMs
  })
}
