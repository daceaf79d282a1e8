import type { WorkerSettings } from '../config/read-worker-settings.ts'
import { announceToLog } from './announce.ts'
import { waitForStop } from './wait-for-stop.ts'

/** Where several sockets may listen on one port, each with its part of the connections. */
const balancing: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd'])

/** Runs the gateway of a project in several processes, which run the same command line as this one. */
export async function runWorkers(settings: WorkerSettings): Promise<void> {
  const [{ Supervisor }, { createLog }] = await Promise.all([
    import('../workers/supervisor.ts'),
    import('../telemetry/log.ts'),
  ])
  const log = createLog({ level: settings.logLevel, pretty: false })
  const announcer = announceToLog(log)
  const listen = { port: await findPort(settings), reusePort: await chooseSockets() }
  const supervisor = new Supervisor({ count: settings.count, listen, log, voice: announcer })
  process.on('SIGHUP', () => supervisor.reload())
  void waitForStop(announcer).then(() => supervisor.stop())
  process.exitCode = await supervisor.run()
  log.flush()
}

/**
 * True where each worker has a socket of its own. Elsewhere they share one; handing connections out in turn, as Node does by itself, loses those that
 * are on the way to a worker which is killed, and their clients wait for ever. Whoever wants it all the same says so in Node's own variable.
 */
async function chooseSockets(): Promise<boolean> {
  if (process.env.NODE_CLUSTER_SCHED_POLICY !== undefined) return false
  const { default: cluster } = await import('node:cluster')
  cluster.schedulingPolicy = cluster.SCHED_NONE
  return balancing.has(process.platform)
}

/** The port of all workers. Rejects where somebody listens there: sockets that share a port would not notice. */
async function findPort({ listen: address = { host: '127.0.0.1', port: 0 } }: WorkerSettings): Promise<number> {
  const { listen } = await import('../http/listen.ts')
  const probe = await listen(address)
  await probe.close(0)
  return Number(new URL(probe.url).port)
}
