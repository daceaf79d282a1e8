import { ProjectError } from '../config/project-error.ts'
import type { RunningGateway } from '../gateway.ts'
import type { Log } from '../telemetry/log.ts'
import type { ReloadOutcome, ServedProject } from '../workers/messages.ts'
import { describeError } from './describe-error.ts'
import { waitForStop } from './wait-for-stop.ts'

/**
 * Runs the gateway as one of several processes until it is told to stop, by the one that started it or by a signal. What concerns all of them the
 * starting process says.
 */
export async function runAsWorker(directory: string, log: Log): Promise<void> {
  const { joinGateway } = await import('../workers/join-gateway.ts')
  const worker = await joinGateway(log)
  try {
    const { startGateway } = await import('../gateway.ts')
    const gateway = await startGateway({ projectDirectory: directory, mode: 'start', log, worker })
    // A terminal sends it to all processes; they reload one after the other.
    process.on('SIGHUP', () => undefined)
    log.info({ worker: worker.slot, pid: process.pid }, 'a worker serves')
    const stopped = new Promise<void>((stop) =>
      worker.serve(describe(gateway), { stop, reload: () => reload(gateway) }),
    )
    await Promise.race([stopped, waitForStop({ stopping: () => undefined })])
    worker.leave()
    await gateway.close()
    worker.disconnect()
  } catch (error) {
    worker.giveUp(error instanceof ProjectError)
    throw error
  }
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
