import { countProblems, formatProblems } from '../config/format-problems.ts'
import { watchProject } from '../config/reload.ts'
import type { RunningGateway } from '../gateway.ts'
import type { Log } from '../telemetry/log.ts'
import { describeError } from './describe-error.ts'
import { formatBanner } from './format-banner.ts'

/** A second signal this soon after the first is the same wish: a terminal and a launcher may both pass it on. Milliseconds. */
const sameSignalMs = 500

/** Runs the gateway of a project until a signal ends it. Throws when it cannot start. */
export async function runGateway(directory: string, mode: 'dev' | 'start'): Promise<void> {
  const { startGateway } = await import('../gateway.ts')
  const gateway = await startGateway({
    projectDirectory: directory,
    mode,
    ...(mode === 'dev' && { log: await openDevLog(directory) }),
  })
  if (mode === 'dev') process.stdout.write(formatBanner(gateway, process.stdout))
  const { contentHash } = gateway.project
  const watch = mode === 'dev' ? watchProject(directory, () => void reload(gateway), { contentHash }) : undefined
  process.on('SIGHUP', () => void reload(gateway))
  await waitForStop()
  watch?.close()
  await gateway.close()
}

/** The log of `dev`, at the level that the project says, if it can be read. */
async function openDevLog(directory: string): Promise<Log> {
  const [{ createDevLog }, { compileDirectory }] = await Promise.all([
    import('./dev-log.ts'),
    import('./compile-directory.ts'),
  ])
  const result = await compileDirectory(directory, 'dev')
  return createDevLog('project' in result ? result.project.settings.telemetry.logLevel : 'info')
}

async function reload(gateway: RunningGateway): Promise<void> {
  try {
    const result = await gateway.reload()
    if (result.ok) {
      process.stderr.write('sallyport: reloaded.\n')
      return
    }
    const count = countProblems(result.problems)
    process.stderr.write(
      `sallyport: not reloaded, the running configuration stays: ${count}.\n${formatProblems(result.problems)}\n`,
    )
  } catch (error) {
    process.stderr.write(`${describeError(error, false)}\nsallyport: not reloaded, the running configuration stays.\n`)
  }
}

/** Resolves at the first SIGINT or SIGTERM. A later one ends the process at once: whoever repeats it does not want to wait. */
function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const stop = (): void => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        process.stderr.write('sallyport: stopping; running calls finish first. Once more to stop at once.\n')
        resolve()
      } else if (performance.now() - firstAt > sameSignalMs) process.exit(1)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
