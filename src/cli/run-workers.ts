import type { WorkerSettings } from '../config/read-worker-settings.ts'
import { announceToLog } from './announce.ts'
import { waitForStop } from './wait-for-stop.ts'

/** Runs the gateway of a project in several processes, which run the same command line as this one. */
export async function runWorkers({ count, logLevel }: WorkerSettings): Promise<void> {
  const [{ Supervisor }, { createLog }] = await Promise.all([
    import('../workers/supervisor.ts'),
    import('../telemetry/log.ts'),
  ])
  const log = createLog({ level: logLevel, pretty: false })
  const announcer = announceToLog(log)
  const supervisor = new Supervisor({ count, log, voice: announcer })
  process.on('SIGHUP', () => supervisor.reload())
  void waitForStop(announcer).then(() => supervisor.stop())
  process.exitCode = await supervisor.run()
  log.flush()
}
