import { ProjectError } from '../config/project-error.ts'
import type { RunningGateway } from '../gateway.ts'
import { giveUp, joinGateway } from '../workers/join-gateway.ts'
import type { ReloadOutcome, ServedProject } from '../workers/messages.ts'
import { describeError } from './describe-error.ts'
import { waitForStop } from './wait-for-stop.ts'

/**
 * Runs the gateway as one of several processes until it is told to stop, by the one that started it or by a signal. What concerns all of them the
 * starting process says. Throws when the gateway cannot start.
 */
export async function runAsWorker(directory: string): Promise<void> {
  try {
    await serve(directory)
  } catch (error) {
    giveUp(error instanceof ProjectError)
    throw error
  }
  // Ends the process.
  process.disconnect?.()
}

async function serve(directory: string): Promise<void> {
  const [{ readWorkerSettings }, { createLog }, { startGateway }] = await Promise.all([
    import('../config/read-worker-settings.ts'),
    import('../telemetry/log.ts'),
    import('../gateway.ts'),
  ])
  const log = createLog({ level: (await readWorkerSettings(directory)).logLevel, pretty: false })
  const worker = await joinGateway(log)
  const gateway = await startGateway({ projectDirectory: directory, mode: 'start', log, worker })
  // A terminal sends it to all processes; they reload one after the other.
  process.on('SIGHUP', () => undefined)
  log.info({ worker: worker.slot, pid: process.pid }, 'a worker serves')
  const stopped = new Promise<void>((stop) => worker.serve(describe(gateway), { stop, reload: () => reload(gateway) }))
  await Promise.race([stopped, waitForStop({ stopping: () => undefined })])
  worker.leave()
  await gateway.close()
}

async function reload(gateway: RunningGateway): Promise<ReloadOutcome> {
  try {
    const result = await gateway.reload()
    return result.ok ? { kind: 'reloaded', ...describe(gateway) } : { kind: 'kept', problems: result.problems }
  } catch (error) {
    return { kind: 'failed', error: describeError(error, false) }
  }
}

function describe({ project: { contentHash, settings } }: RunningGateway): ServedProject {
  return { contentHash, drainMs: settings.limits.drainSeconds * 1000 }
}
