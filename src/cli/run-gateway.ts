import type { WorkerSettings } from '../config/read-worker-settings.ts'
import { watchProject } from '../config/reload.ts'
import type { RunningGateway } from '../gateway.ts'
import type { Log } from '../telemetry/log.ts'
import { type Announcer, announceToLog, announceToPerson } from './announce.ts'
import { waitForStop } from './wait-for-stop.ts'

/**
 * Runs the gateway of a project until SIGINT or SIGTERM. SIGHUP loads the project again, and in `dev` so does every change of
 * its files. Throws when the gateway cannot start.
 */
export async function runGateway(directory: string, mode: 'dev' | 'start'): Promise<void> {
  const role = mode === 'start' ? await findRole(directory) : 'alone'
  if (role === 'worker') return (await import('./run-as-worker.ts')).runAsWorker(directory)
  if (role !== 'alone') return (await import('./run-workers.ts')).runWorkers(role)
  const { startGateway } = await import('../gateway.ts')
  const log = await openLog(directory, mode)
  const announcer = mode === 'dev' ? announceToPerson() : announceToLog(log)
  const gateway = await startGateway({ projectDirectory: directory, mode, log })
  announcer.ready(gateway, mode === 'dev' ? await createConsoleLink(gateway) : undefined)
  const reload = queueReloads(gateway, announcer)
  const { contentHash } = gateway.project
  const watch = mode === 'dev' ? watchProject(directory, reload, { contentHash }) : undefined
  process.on('SIGHUP', reload)
  await waitForStop(announcer)
  watch?.close()
  await gateway.close()
}

async function createConsoleLink(gateway: RunningGateway): Promise<string | undefined> {
  const { nameOperator } = await import('./record-administration.ts')
  return gateway.createConsoleLink(nameOperator())
}

/** `worker`: one of several processes; settings: the one that starts them. */
async function findRole(directory: string): Promise<'alone' | 'worker' | WorkerSettings> {
  // Most processes that somebody started with a channel to them are no workers either.
  if (process.connected && (await import('node:cluster')).default.isWorker) return 'worker'
  const { readWorkerSettings } = await import('../config/read-worker-settings.ts')
  const settings = await readWorkerSettings(directory)
  return settings.count > 1 ? settings : 'alone'
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
