import { constants, PerformanceObserver } from 'node:perf_hooks'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../test/harness/wait-until.ts'
import { releaseStartMemory } from './release-start-memory.ts'

/** Counts collections of all there is, which V8 makes when it is told to or has no memory left. */
function countFullCollections() {
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as PerformanceEntry & { readonly detail: { readonly flags: number } }
      if (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE) count++
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  onTestFinished(() => observer.disconnect())
  return () => count
}

/** Keeps the process at work, without keeping timers from firing. */
async function work(milliseconds: number): Promise<void> {
  const endsAt = performance.now() + milliseconds
  while (performance.now() < endsAt) await new Promise((resolve) => setImmediate(resolve))
}

test('what the start left behind is given back when nothing is to do, not before', async () => {
  const collections = countFullCollections()
  releaseStartMemory()
  await work(1_000)
  expect(collections()).toBe(0)
  const heapBefore = leaveGarbage()
  await waitUntil('memory is given back', () => collections() > 0)
  expect(process.memoryUsage().heapTotal).toBeLessThan(heapBefore - 10_000_000)
})

/** Returns the size of the heap with it. */
function leaveGarbage(): number {
  const kept = Array.from({ length: 500_000 }, (_, index) => ({ index }))
  return kept.length === 0 ? 0 : process.memoryUsage().heapTotal
}
