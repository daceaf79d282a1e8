import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookMs = 250
/** Part of the time in which a process that nobody asks for anything is at work. */
const quietUtilization = 0.1

/**
 * Gives the memory back that the start needed and left behind, a fifth of what is resident: by itself V8 does that only when much more was
 * allocated. It stops the process for 50 to 100 ms, once, after the first quarter of a second in which there was next to nothing to do.
 */
export function releaseStartMemory(): void {
  let before = performance.eventLoopUtilization()
  const looking = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    if (utilization > quietUtilization) return
    clearInterval(looking)
    collectGarbage()
  }, lookMs).unref()
}

/** `last-resort` alone makes the space for new objects small again, which grew with everything that the start loaded. */
function collectGarbage(): void {
  // Only contexts made after the flag have the function.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction | undefined
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
