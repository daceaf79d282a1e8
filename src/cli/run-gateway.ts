import { watchProject } from '../config/reload.ts'
import type { RunningGateway } from '../gateway.ts'
import type { Log } from '../telemetry/log.ts'
import { type Announcer, announceToLog, announceToPerson } from './announce.ts'

/** A second signal this soon after the first is the same wish: a terminal and a launcher may both pass it on. Milliseconds. */
const sameSignalMs = 500

/**
 * Runs the gateway of a project until SIGINT or SIGTERM. SIGHUP loads the project again, and in `dev` so does every change of
 * its files. Throws when the gateway cannot start.
 */
export async function runGateway(directory: string, mode: 'dev' | 'start'): Promise<void> {
  const { startGateway } = await import('../gateway.ts')
  const log = await openLog(directory, mode)
  const announcer = mode === 'dev' ? announceToPerson() : announceToLog(log)
  const gateway = await startGateway({ projectDirectory: directory, mode, log })
  announcer.ready(gateway)
  const reload = queueReloads(gateway, announcer)
  const { contentHash } = gateway.project
  const watch = mode === 'dev' ? watchProject(directory, reload, { contentHash }) : undefined
  process.on('SIGHUP', reload)
  await waitForStop(announcer)
  watch?.close()
  await gateway.close()
}

/** Lines for people in `dev`, JSON lines in `start`, at the level that the project says, if it can be read. */
async function openLog(directory: string, mode: 'dev' | 'start'): Promise<Log> {
  const { compileDirectory } = await import('./compile-directory.ts')
  const result = await compileDirectory(directory, mode)
  const level = 'project' in result ? result.project.settings.telemetry.logLevel : 'info'
  if (mode === 'dev') return (await import('./dev-log.ts')).createDevLog(level)
  return (await import('../telemetry/log.ts')).createLog({ level, pretty: false })
}

/** A function that reloads, one after the other: the files may change again while a reload is under way. */
function queueReloads(gateway: RunningGateway, announcer: Announcer): () => void {
  let last = Promise.resolve()
  return () => {
    last = last.then(async () => {
      try {
        const result = await gateway.reload()
        if (result.ok) announcer.reloaded()
        else announcer.kept(result.problems)
      } catch (error) {
        announcer.failed(error)
      }
    })
  }
}

/** Resolves at the first SIGINT or SIGTERM. A later one ends the process at once: whoever repeats it does not want to wait. */
function waitForStop(announcer: Announcer): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const stop = (): void => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        announcer.stopping()
        resolve()
      } else if (performance.now() - firstAt > sameSignalMs) process.exit(1)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
