import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What a gateway does every so often that nobody waits for: looks for alerts, tells other processes. Pings and sweeps stay as they are. */
const unhurriedMs = { least: 5000, most: 15_000 }
const times = 50

/** From now on such intervals pass fifty times as fast in this process. Returns how to go on as before. */
export function hasten(): () => void {
  const before = globalThis.setInterval
  globalThis.setInterval = new Proxy(before, {
    apply(target, self, [run, ms, ...rest]: Parameters<typeof setInterval>) {
      const isUnhurried = ms !== undefined && ms >= unhurriedMs.least && ms <= unhurriedMs.most
      return Reflect.apply(target, self, [run, isUnhurried ? ms / times : ms, ...rest])
    },
  })
  return () => {
    globalThis.setInterval = before
  }
}

/** Environment of a gateway that is hastened, with all of its processes. */
export function inHaste(): Record<string, string> {
  const preload = pathToFileURL(join(import.meta.dirname, 'preload-haste.ts')).href
  return { NODE_OPTIONS: `--import=${preload}` }
}
