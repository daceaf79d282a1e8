import { countProblems, formatProblems } from '../config/format-problems.ts'
import type { Problem } from '../config/project.ts'
import type { Logger } from '../contracts/logger.ts'
import type { RunningGateway } from '../gateway.ts'
import { describeError } from './describe-error.ts'
import { formatBanner } from './format-banner.ts'

/** Says what happens to a running gateway as a whole. */
export interface Announcer {
  /** `consoleLink` opens the console once; for people only, never for a log. */
  ready(gateway: RunningGateway, consoleLink?: string): void
  reloaded(): void
  /** A change has problems; what ran before goes on. */
  kept(problems: readonly Problem[]): void
  /** A change could not be put in place; what ran before goes on. */
  failed(error: unknown): void
  stopping(): void
}

/** For the person at the terminal: the banner on standard output, the rest on standard error. */
export function announceToPerson(): Announcer {
  const tell = (text: string) => void process.stderr.write(`sallyport: ${text}\n`)
  return {
    ready({ publicUrl, project }, consoleLink) {
      process.stdout.write(formatBanner({ publicUrl, project, consoleLink }, process.stdout))
    },
    reloaded: () => tell('reloaded.'),
    kept: (problems) =>
      tell(`not reloaded, the running configuration stays: ${countProblems(problems)}.\n${formatProblems(problems)}`),
    failed: (error) => tell(`not reloaded, the running configuration stays.\n${describeError(error, false)}`),
    stopping: () => tell('stopping; running calls finish first. Once more to stop at once.'),
  }
}

/** For whoever reads the log of a production gateway. */
export function announceToLog(log: Logger): Announcer {
  return {
    ready: ({ publicUrl, project }) =>
      log.info({ publicUrl, virtualServers: project.virtualServers.map((server) => server.path) }, 'serving'),
    reloaded: () => log.info({}, 'configuration reloaded'),
    kept(problems) {
      log.error({ problems: countProblems(problems) }, 'not reloaded, the running configuration stays')
      for (const { message, severity, ...place } of problems) {
        log[severity === 'error' ? 'error' : 'warn']({ ...place, problem: message }, 'problem of the project')
      }
    },
    failed: (error) => log.error({ error }, 'not reloaded, the running configuration stays'),
    stopping: () => log.info({}, 'stopping'),
  }
}
