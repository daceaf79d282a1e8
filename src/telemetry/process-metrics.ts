import { readdirSync } from 'node:fs'
import type { MetricFamily } from './prometheus-text.ts'

const startSeconds = performance.timeOrigin / 1000
let utilization = performance.eventLoopUtilization()

/** What Prometheus asks of every process, under its usual names. */
export function readProcessMetrics(): readonly MetricFamily[] {
  const { rss, heapUsed, heapTotal } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const before = utilization
  utilization = performance.eventLoopUtilization()
  const busy = performance.eventLoopUtilization(utilization, before).utilization
  const gauge = (name: string, help: string, ...values: readonly number[]): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: values.map((value) => ({ value })),
  })
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time. Seconds.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory. Bytes.', rss),
    gauge('process_start_time_seconds', 'When the process started. Seconds since the epoch.', startSeconds),
    gauge('process_open_fds', 'Open file descriptors; on Linux only.', ...countOpenFiles()),
    gauge('nodejs_heap_size_used_bytes', 'Used heap of JavaScript. Bytes.', heapUsed),
    gauge('nodejs_heap_size_total_bytes', 'Heap of JavaScript. Bytes.', heapTotal),
    gauge('nodejs_eventloop_utilization_ratio', 'Share of time the event loop was busy since the last scrape.', busy),
  ]
}

/** Only Linux tells. */
function countOpenFiles(): readonly number[] {
  try {
    return [readdirSync('/proc/self/fd').length]
  } catch {
    return []
  }
}
